/** Names of the folders of a directory that commands also take. */

/** The eigenpairs. */
export const RESULT = 'result';
/** The test vectors of a certificate. */
export const TESTS = 'tests';
/** The products with them. */
export const CERTIFICATE = 'certificate';
