// Pulumi's SDK begins by loading TypeScript and a part of npm, which is most of the time that it takes to
// load. It serializes functions with them, and this program has none; here they are loaded when one is.
const { Module } = require("node:module");

const functions = {
  serializeClosure: ["serializeFunction", "serializeFunctionAsync"],
  codePaths: ["computeCodePaths", "findWorkspaceRoot"],
};

for (const [name, names] of Object.entries(functions)) {
  defer(`@pulumi/pulumi/runtime/closure/${name}`, names);
}

/** Stands in for a module with these functions until one of them is called. */
function defer(id, names) {
  let file;
  try {
    file = require.resolve(id);
  } catch {
    return; // an SDK that has no such module: it loads what it likes
  }
  if (file in require.cache) {
    return;
  }
  const deferred = new Module(file);
  require.cache[file] = deferred;
  for (const name of names) {
    deferred.exports[name] = (...args) => {
      if (require.cache[file] === deferred) {
        delete require.cache[file];
      }
      return require(file)[name](...args);
    };
  }
}

// The SDK takes a stack trace of every promise, which source-map-support makes slow. What register.js compiles
// keeps its lines, so that no map is needed.
Error.prepareStackTrace = undefined;
