import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../lab/exec";
import { root } from "../../lab/paths";

/** What a program prints, with Pulumi's SDK as `pulumi`; `first` is run before that is loaded. */
async function says(first: string, program: string): Promise<unknown> {
  const code = `${first}; const pulumi = require("@pulumi/pulumi"); (async () => console.log(JSON.stringify(${program})))()`;
  return JSON.parse(await run(process.execPath, ["-e", code], { cwd: root }));
}

const deferred = 'require("./deferred")';

test("a program that serializes no function loads neither TypeScript nor npm", async () => {
  const loaded =
    "Object.keys(require.cache).filter((file) => /\\/typescript\\.js$|\\/@npmcli\\//.test(file)).length > 0";
  assert.equal(await says("", loaded), true);
  assert.equal(await says(deferred, loaded), false);
});

test("a function is serialized as ever", async () => {
  const text =
    "(await pulumi.runtime.serializeFunction((a) => a + 1, {})).text";
  const usual = await says("", text);
  assert.match(String(usual), /a \+ 1/);
  assert.equal(await says(deferred, text), usual);
});

for (const name of ["serializeClosure", "codePaths"]) {
  test(`all functions of ${name} are there`, async () => {
    const names = `Object.keys(require("@pulumi/pulumi/runtime/closure/${name}")).sort()`;
    assert.deepEqual(await says(deferred, names), await says("", names));
  });
}

test("stack traces are read without source maps", async () => {
  const slow = 'Error.prepareStackTrace = () => "by source-map-support"';
  const first = "new Error('mine').stack.split('\\n')[0]";
  assert.equal(await says(slow, first), "by source-map-support");
  assert.equal(await says(`${slow}; ${deferred}`, first), "Error: mine");
});
