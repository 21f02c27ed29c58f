import { it } from "node:test";
import { run } from "../../lab/exec";
import { root } from "../../lab/paths";

it("npm run check is clean", async () => {
  await run("npm", ["run", "--silent", "check"], { cwd: root });
});
