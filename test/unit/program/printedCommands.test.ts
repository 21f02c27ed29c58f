import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { readCloudArgs } from "../../../components/cloud/cloudArgs.ts";
import { Faults } from "../../../components/core/faults.ts";
import { gcpArgsSchema } from "../../../components/gcp/gcpArgs.ts";
import { lookUp } from "../../../components/gcp/gcpLookup.ts";
import { planGcp } from "../../../components/gcp/gcpPlan.ts";
import { GcpPodRoutes } from "../../../components/gcp/gcpPodRoutes.ts";
import { gcp } from "../../../components/gcp/gcpTarget.ts";
import { declare } from "../../../program/declareTargets.ts";
import {
  ComputeApi,
  type InstanceSettings,
} from "../../clouds/computeApiServer.ts";
import { record, unhandledRejection, value } from "../mockedStack.ts";
import { commandsOf, wordsOf } from "../shellWords.ts";

// gcloud cannot be had as a package, so a shell takes these commands apart, and each word is compared.

const network = "kubernetes-the-hard-way";
const zone = "us-west1-c";

let api: ComputeApi;
before(async () => {
  api = await ComputeApi.start();
  process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT = api.endpoint;
  const subnet = { name: "kubernetes", region: "us-west1" };
  api.network(network, { subnets: [{ ...subnet, range: "10.240.0.0/24" }] });
  const worker = (i: number, more: Partial<InstanceSettings> = {}) =>
    api.instance({
      name: `worker-${i}`,
      zone,
      network,
      ip: `10.240.0.2${i}`,
      podCidr: `10.200.${i}.0/24`,
      ...more,
    });
  worker(0, { canIpForward: false });
  worker(1, { status: "TERMINATED" });
  const { podCidr: _, ...bare } = { podCidr: "", name: "worker-2", zone };
  api.instance({ ...bare, network, ip: "10.240.0.22" });
  api.route({
    name: "theirs",
    network,
    destRange: "10.200.0.0/24",
    priority: 1000,
    nextHopIp: "10.240.0.9",
  });
});
after(() => api.stop());

const answers = () => ({ accessToken: api.token, project: api.project });

/** The commands that are printed of the workers and the route. */
async function printed(): Promise<string[]> {
  await record("", "organization", false, answers);
  const args = { instances: { names: ["worker-*"] }, network };
  const read = readCloudArgs(gcpArgsSchema, args);
  const faults = new Faults();
  const found = await lookUp(read, faults, {});
  planGcp(read, found, new Map(), faults);
  return faults.all.flatMap(({ message }) => commandsOf(message));
}

test("every command of gcloud that a fault prints has the words that it is to have", async () => {
  const words = wordsOf(await printed());
  const instances = ["gcloud", "compute", "instances"];
  const inZone = ["--zone", zone];
  const has = (expected: string[]) =>
    assert.ok(
      words.some((one) => JSON.stringify(one) === JSON.stringify(expected)),
      `${expected.join(" ")} is none of\n${words.join("\n")}`,
    );
  has([...instances, "start", "worker-1", ...inZone]);
  has([
    ...instances,
    "add-metadata",
    "worker-2",
    ...inZone,
    "--metadata",
    "pod-cidr=CIDR",
  ]);
  has([
    ...instances,
    "export",
    "worker-0",
    ...inZone,
    "--destination",
    "worker-0.yaml",
  ]);
  has([
    ...instances,
    "update-from-file",
    "worker-0",
    ...inZone,
    "--source",
    "worker-0.yaml",
    "--most-disruptive-allowed-action",
    "RESTART",
  ]);
  has([
    "gcloud",
    "compute",
    "routes",
    "delete",
    "theirs",
    "--project",
    api.project,
  ]);
});

test("the command that lets an instance forward changes that line of its file and no other", async (t) => {
  const [command = ""] = (await printed()).filter((one) =>
    one.includes("sed -i"),
  );
  const directory = mkdtempSync(join(tmpdir(), "gcloud-"));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const before of [
    "canIpForward: false\nname: worker-0\n",
    "name: worker-0\ndisks:\n- canIpForward: x\n",
  ]) {
    writeFileSync(join(directory, "worker-0.yaml"), before);
    execFileSync("/bin/sh", ["-c", `gcloud() { :; }\n${command}`], {
      cwd: directory,
    });
    assert.equal(
      readFileSync(join(directory, "worker-0.yaml"), "utf8"),
      `canIpForward: true\n${before.replace(/^canIpForward.*\n/m, "")}`,
    );
  }
});

test("the command that shows who one is to GCP is one of gcloud", async (t) => {
  const failure = unhandledRejection(t);
  await record("", "organization", false, ({ token }) => {
    if (token === "pulumi:pulumi:readStackResourceOutputs") {
      return { outputs: {} };
    }
    throw new Error("no credentials");
  });
  new GcpPodRoutes("routes", { instances: { names: ["*"] }, network });
  const { message } = (await failure) as Error;
  t.mock.method(console, "error", () => {});
  pulumi.log.error("the program fails");
  assert.deepEqual(wordsOf(commandsOf(message)), [["gcloud", "auth", "list"]]);
});

test("the command of the readme lists the routes of the network", async () => {
  await api.stop();
  api = await ComputeApi.start();
  process.env.GOOGLE_COMPUTE_CUSTOM_ENDPOINT = api.endpoint;
  const subnet = { name: "kubernetes", region: "us-west1" };
  api.network(network, { subnets: [{ ...subnet, range: "10.240.0.0/24" }] });
  api.instance({
    name: "worker-0",
    zone,
    network,
    ip: "10.240.0.20",
    podCidr: "10.200.0.0/24",
  });
  await record("", "organization", true, ({ token }) =>
    token === "pulumi:pulumi:readStackResourceOutputs"
      ? { outputs: {} }
      : answers(),
  );
  const declared = await declare(gcp, {
    instances: { names: ["w*"] },
    network,
  });
  const page = await value(declared.readme as pulumi.Output<string>);
  await pulumi.runtime.disconnect();
  const [look = ""] = page.match(/^gcloud .*$/m) ?? [];
  assert.deepEqual(wordsOf([look]), [
    [
      "gcloud",
      "compute",
      "routes",
      "list",
      "--project",
      api.project,
      "--filter",
      `network: ${network}`,
    ],
  ]);
});
