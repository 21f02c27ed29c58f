import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Faults } from "../../../components/core/faults.ts";
import { HostPodRoutes } from "../../../components/hosts/hostPodRoutes.ts";
import { readInputFile } from "../../../components/inventory/files.ts";
import { cluster, directory, file } from "../mockedStack.ts";

/** What is read, or the fault. */
function read(name: string, most?: number): string | undefined {
  const faults = new Faults();
  const text = readInputFile(name, "machinesFile", faults, most);
  return text ?? faults.all[0]?.message;
}

test("a file is read whole, whatever its size is to the bytes that are read at once", () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
    const text = "\u00fc".repeat(size / 2) + "x".repeat(size % 2);
    assert.equal(read(file(`size-${size}`, text)), text);
  }
});

test("a file of the size that is allowed is read, and one byte more is a fault", () => {
  const name = file("limited", "x".repeat(100_000));
  assert.equal(read(name, 100_000)?.length, 100_000);
  assert.match(read(name, 99_999) ?? "", /has more than 99999 bytes$/);
});

test("a file that says that it is empty and is not is read", () => {
  assert.match(read("/proc/self/status") ?? "", /^Name:/);
});

test("a pipe into which nobody writes, and devices, are faults at once", () => {
  const pipe = join(directory, "pipe");
  execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", pipe]);
  for (const name of [pipe, "/dev/zero", "/dev/null"]) {
    assert.match(read(name) ?? "", /is no regular file$/);
  }
});

/** What is said of this configuration of ssh. */
function refused(ssh: object): string {
  try {
    new HostPodRoutes("routes", { ...cluster, ssh });
  } catch (error) {
    return String(error);
  }
  assert.fail("it was not refused");
}

test("a known_hosts file and a private key without end are faults", () => {
  const large = file("large", "");
  truncateSync(large, 16 * 1024 ** 2 + 1);
  assert.match(
    refused({ ...cluster.ssh, knownHostsFile: large }),
    /ssh\.knownHostsFile: file .* has more than 16777216 bytes/,
  );
  assert.match(
    refused({ ...cluster.ssh, privateKeyFile: large }),
    /ssh\.privateKeyFile: file .* has more than 32768 bytes/,
  );
  const { privateKeyFile: _, ...others } = cluster.ssh;
  assert.match(
    refused({ ...others, privateKey: "x".repeat(32_769) }),
    /ssh\.privateKey: .* has more than 32768 characters/,
  );
});
