/** A check that could not be made: no such stack, nothing of ours in it, a cloud that does not answer. */
export class VerifyError extends Error {}
