import { it } from "node:test";
import { run } from "../../lab/exec.ts";
import { root } from "../../lab/paths.ts";

it("npm run check is clean", async () => {
  await run("npm", ["run", "--silent", "check"], { cwd: root });
});
