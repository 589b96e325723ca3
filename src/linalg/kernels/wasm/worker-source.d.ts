/** The bundle of worker-in-pages.ts, made by npm run build:worker. */
export declare const WORKER_SOURCE: string;
