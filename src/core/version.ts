/** The version of this package, as its package.json says, which pages cannot read. */
export const VERSION = '0.2.0';
