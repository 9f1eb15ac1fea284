/** The package may be missing, and its types with it: pkcs11-library.ts says what we use of it. */
declare module 'pkcs11js';
