// Plain CommonJS, because Node.js versions that are too old must be able to read it.

/** What isSupported accepts, in words. */
exports.supported = "Node.js 24.3 or later, or 22.18 or a later 22,";

/** What to do about one that it does not accept. */
exports.remedy =
  "install Node.js 24 (https://nodejs.org/en/download), put it first in PATH and run the command again";

/**
 * Whether this version of Node.js can run the project: it reads TypeScript without a flag and
 * without a warning (since 22.18 and 24.3), and @pulumi/pulumi accepts it (since 22).
 */
exports.isSupported = (version) => {
  const [major, minor] = version.split(".").map(Number);
  return (
    major > 24 || (major === 24 && minor >= 3) || (major === 22 && minor >= 18)
  );
};
