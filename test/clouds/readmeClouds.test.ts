import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { environment, getEngine } from "../../lab/engine.ts";
import { run } from "../../lab/exec.ts";
import { root } from "../../lab/paths.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { ComputeApi } from "./computeApiServer.ts";
import { Ec2 } from "./ec2.ts";

describe("README's commands for clouds work as they stand", () => {
  const home = mkdtempSync(join(tmpdir(), "pod-network-routes-readme-"));
  const clone = join(home, "pod-network-routes");

  before(async () => {
    await run("git", ["clone", "-q", root, clone]);
    // what `npm ci` would install
    symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  /** Types the commands of a section, as somebody who answers `yes` to `pulumi up`. */
  const type = async (section: string, cloud: Record<string, string>) => {
    const [block = ""] = blocksRunBy(
      "test/clouds/readmeClouds.test.ts",
      section,
    );
    assert.match(
      block,
      /^npm ci\npulumi stack init prod\n[\s\S]*\npulumi up\n$/,
    );
    const commands = block.replace("npm ci\n", "");
    const state = mkdtempSync(join(home, "state-"));
    const env = {
      ...environment(await getEngine("aws", "gcp"), state),
      ...cloud,
      HOME: home,
      PULUMI_CONFIG_PASSPHRASE: "a test's",
      PULUMI_SKIP_CONFIRMATIONS: "true",
    };
    const quickly = commands.replace(
      /pulumi up\n$/,
      "pulumi up --skip-preview\n",
    );
    await run("sh", ["-e", "-c", quickly], { cwd: clone, env });
    rmSync(join(clone, "Pulumi.prod.yaml"));
  };

  it("in AWS", async () => {
    const ec2 = await Ec2.start();
    try {
      const vpc = await ec2.vpc({ cidr: "172.20.0.0/16" });
      const subnet = await ec2.subnet(vpc, "172.20.1.0/24");
      const table = await ec2.routeTable(vpc, { Name: "kubernetes" });
      const worker = await ec2.instance({
        subnet,
        name: "worker-0",
        ip: "172.20.1.20",
        podCidr: "172.22.0.0/24",
      });
      await type("In AWS", ec2.env);
      const { networkInterfaceId } = worker;
      assert.deepEqual((await ec2.routes(table)).at(-1), {
        destination: "172.22.0.0/24",
        networkInterfaceId,
      });
    } finally {
      await ec2.stop();
    }
  });

  it("in GCP", async () => {
    const api = await ComputeApi.start();
    try {
      const network = "kubernetes-the-hard-way";
      const subnet = { name: "kubernetes", region: api.region };
      api.network(network, {
        subnets: [{ ...subnet, range: "10.240.0.0/24" }],
      });
      api.instance({
        name: "worker-0",
        zone: api.zone,
        network,
        ip: "10.240.0.20",
        podCidr: "10.200.0.0/24",
      });
      await type("In GCP", api.env);
      assert.deepEqual(api.log, [
        "insert kubernetes-route-10-200-0-0-24 10.200.0.0/24 via 10.240.0.20",
      ]);
    } finally {
      await api.stop();
    }
  });
});
