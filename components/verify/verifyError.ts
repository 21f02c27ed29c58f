/** A check that could not be made, for example because there is no such stack or it has no pod network routes. */
export class VerifyError extends Error {}
