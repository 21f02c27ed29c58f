import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { reportSchema } from "../components/verify/verifyReport.ts";
import { configuration } from "./docs/configuration.ts";
import { screenshot } from "./docs/screenshot.ts";
import { root } from "./paths.ts";

/** The files that are written from the code, by their names. */
export const written = {
  "docs/configuration.md": configuration,
  "docs/verify.schema.json": () =>
    `${JSON.stringify(z.toJSONSchema(reportSchema), undefined, 2)}\n`,
};

/** Writes them; or, with `--screenshot`, the picture of `npm start`, which needs the lab. */
export async function docs(args: readonly string[]): Promise<number> {
  const files = args.includes("--screenshot")
    ? { "docs/start.svg": screenshot }
    : written;
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(root, name), await text());
    console.log(`Written: ${name}`);
  }
  return 0;
}
