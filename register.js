// Lets Node.js load TypeScript by `require`: types are stripped by sucrase, which takes a fifth of the
// time that the TypeScript compiler needs to start, and once a version of a file. `npm run check` checks them.
const { createHash } = require("node:crypto");
const {
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} = require("node:fs");
const { join, relative } = require("node:path");

const kept = join(__dirname, "node_modules", ".cache", "pod-network-routes");
const options = {
  transforms: ["typescript", "imports"],
  disableESTransforms: true,
};
const { version } = require("sucrase/package.json");

exports.javaScript = javaScript;

require.extensions[".ts"] = (module, file) => {
  module._compile(javaScript(file), file);
};

/** What is run of a TypeScript file. */
function javaScript(file) {
  const source = readFileSync(file, "utf8");
  const hash = createHash("sha256").update(`${version}\n${source}`);
  const mark = `// ${hash.digest("hex")}\n`;
  // one file a source, so that the cache does not grow
  const name = relative(__dirname, file).replace(/[^\w.-]/g, "_");
  const cached = join(kept, `${name}.js`);
  try {
    const text = readFileSync(cached, "utf8");
    // at both ends, for a machine that stops may leave the half of a file
    if (text.startsWith(mark) && text.endsWith(`\n${mark}`)) {
      return text.slice(mark.length);
    }
  } catch {
    // it is the first time
  }
  const { code } = require("sucrase").transform(source, {
    ...options,
    filePath: file,
  });
  keep(cached, `${mark}${code}\n${mark}`);
  return code;
}

/** Another process may be about it too; where nothing can be written, nothing is kept. */
function keep(cached, text) {
  try {
    mkdirSync(kept, { recursive: true });
    const unfinished = `${cached}.${process.pid}`;
    writeFileSync(unfinished, text);
    renameSync(unfinished, cached);
  } catch {}
}
