/** The page as static files that any server can give, from whatever folder. */
import { defineConfig } from 'vite';

export default defineConfig({
  base: './',
  build: { outDir: '../dist/www', emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0 },
  worker: { format: 'es' },
});
