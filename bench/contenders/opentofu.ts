import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/exec.ts";
import { type Command, environment, inLab, type Kind } from "../contender.ts";
import { isController } from "../inventory.ts";
import { writeTables } from "../tables.ts";

/** OpenTofu's `terraform_data` with `remote-exec`. */
export function openTofu(tofu: string, version: string): Kind {
  return {
    id: "opentofu",
    title: "OpenTofu, remote-exec",
    version,
    again: "looks at its state, contacts no host",
    async start(site) {
      const { lab, directory, parallel } = site;
      const env = environment(site, { CHECKPOINT_DISABLE: "1" });
      copyFileSync(
        join(import.meta.dirname, "../opentofu/main.tf"),
        join(directory, "main.tf"),
      );
      await run(tofu, ["init", "-input=false", "-no-color"], {
        cwd: directory,
        env,
      });
      const command = (verb: string): Command => ({
        command: inLab(
          site,
          tofu,
          verb,
          "-auto-approve",
          "-input=false",
          "-no-color",
          `-parallelism=${parallel}`,
        ),
        cwd: directory,
        env,
      });
      const tables = join(directory, "tables");
      return {
        stateFile: join(directory, "terraform.tfstate"),
        async describe(nodes) {
          writeTables(tables, nodes);
          const hosts = nodes.map((node) => [
            node.name,
            {
              address: node.address,
              controller: isController(node),
              hostKey: lab.host(node.name).hostKey,
            },
          ]);
          writeFileSync(
            join(directory, "bench.auto.tfvars.json"),
            JSON.stringify({
              nodes: Object.fromEntries(hosts),
              privateKeyFile: lab.key,
              tables,
            }),
          );
        },
        apply: () => command("apply"),
        destroy: () => command("destroy"),
      };
    },
  };
}
