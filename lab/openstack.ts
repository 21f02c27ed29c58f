import { createHash, randomInt } from "node:crypto";
import { once as event } from "node:events";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canInstall, installPackages } from "./base.ts";
import { once } from "./cache.ts";
import { answers, run, step, tryRun } from "./exec.ts";
import { OpenStackClient } from "./openstackClient.ts";
import { cache, root } from "./paths.ts";
import { Service } from "./service.ts";

/** Keystone and Neutron, the identity and the network service of OpenStack, served on this machine alone. */
export interface OpenStack {
  /** Environment for what speaks to it, as an ordinary member of an ordinary project. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends Neutron without notice. What it knew is there again once it is started. */
  killNeutron(): Promise<void>;
  startNeutron(): Promise<void>;
  killKeystone(): Promise<void>;
  startKeystone(): Promise<void>;
  stop(): Promise<void>;
}

/** Debian's: the libraries with the services in them, and the `openstack` command. */
const packages = [
  "python3-keystone",
  "python3-neutron",
  "python3-openstackclient",
];
const python = "/usr/bin/python3";
const sources = join(root, "lab/openstack");
const host = "127.0.0.1";
const region = "RegionOne";
const password = "for the tests";
const admin = { user: "admin", project: "admin" };
const member = { user: "tester", project: "tests" };

/** Why OpenStack cannot be had on this machine, or undefined if nothing is in its way. */
export async function openstackObstacle(): Promise<string | undefined> {
  if (
    process.platform === "linux" &&
    ((await canInstall()) || (await installedVersions()) !== undefined)
  ) {
    return undefined;
  }
  return "Keystone and Neutron, the OpenStack of the tests, are packages of Debian: needs apt-get and the right to use it";
}

/** Starts an OpenStack that knows no network yet. What it needs is installed first, once a machine. */
export async function startOpenStack(): Promise<OpenStack> {
  const prepared = await prepare(await install());
  const { directory, port } = await reserve();
  const { keystone, keystoneUrl, neutron, neutronUrl } = services(
    directory,
    port,
  );
  const stop = async () => {
    await Promise.all([keystone.kill(), neutron.kill()]);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    cpSync(prepared, directory, { recursive: true });
    await Promise.all([
      keystone.start().then(() => register(keystoneUrl, neutronUrl)),
      neutron.start(),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    env: { ...withoutTheUsers(), ...login(keystoneUrl, member) },
    killNeutron: () => neutron.kill(),
    startNeutron: () => neutron.start(),
    killKeystone: () => keystone.kill(),
    startKeystone: () => keystone.start(),
    stop,
  };
}

/** Installs the packages that are missing; returns the versions of all. */
async function install(): Promise<string> {
  const obstacle = await openstackObstacle();
  if (obstacle !== undefined) {
    throw new Error(obstacle);
  }
  const versions = await installedVersions();
  if (versions !== undefined) {
    return versions;
  }
  await step(
    "Installing Keystone and Neutron with apt-get (a minute)",
    installPackages(packages),
  );
  return (await installedVersions()) ?? "";
}

/** Undefined unless all packages are installed. */
async function installedVersions(): Promise<string | undefined> {
  const format = `\${Package} \${db:Status-Status} \${Version}\n`;
  const query = ["dpkg-query", "--show", `--showformat='${format}'`];
  const { stdout } = await tryRun("sh", [
    "-c",
    [...query, ...packages].join(" "),
  ]);
  const complete = stdout.match(/^\S+ installed /gm)?.length;
  return complete === packages.length ? stdout : undefined;
}

/** Makes the databases, the keys and the user `admin`, once a machine: what every start begins with. */
async function prepare(versions: string): Promise<string> {
  const hash = createHash("sha256").update(versions);
  const files = readdirSync(sources)
    .filter((file) => /\.\w+$/.test(file))
    .sort();
  for (const file of files) {
    hash.update(file).update(readFileSync(join(sources, file)));
  }
  const name = `openstack-${hash.digest("hex").slice(0, 12)}`;
  return once(join(cache, name), async (directory) => {
    mkdirSync(directory, { mode: 0o700 });
    for (const file of files.filter((file) => /\.(conf|ini)$/.test(file))) {
      copyFileSync(join(sources, file), join(directory, file));
    }
    await step(
      "Making the databases of Keystone and Neutron (a quarter of a minute)",
      fill(directory),
    );
  });
}

async function fill(directory: string): Promise<void> {
  const options = { cwd: directory, env: bare(directory) };
  const manage = (...args: string[]) =>
    run(
      "keystone-manage",
      ["--config-file", "keystone.conf", ...args],
      options,
    );
  const uid = `${process.getuid?.()}`;
  const gid = `${process.getgid?.()}`;
  await manage("db_sync");
  await manage("fernet_setup", "--keystone-user", uid, "--keystone-group", gid);
  await manage(
    "bootstrap",
    "--bootstrap-password",
    password,
    "--bootstrap-region-id",
    region,
  );
  await run(python, [join(sources, "tables.py")], options);
}

/** Finds two ports that are free, and makes a directory for what uses them. Its name reserves the ports among processes of this lab. */
async function reserve(): Promise<{ directory: string; port: number }> {
  for (;;) {
    // below the ports that the kernel assigns by itself
    const port = 20000 + 2 * randomInt(6000);
    const directory = join(tmpdir(), `pod-network-routes-openstack-${port}`);
    try {
      mkdirSync(directory, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw error;
      }
      continue;
    }
    if ((await isFree(port)) && (await isFree(port + 1))) {
      return { directory, port };
    }
    rmSync(directory, { recursive: true });
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, host);
  const free = await event(server, "listening").then(
    () => true,
    () => false,
  );
  server.close();
  return free;
}

/** Two services with their files in a directory, at a port and the next one. */
function services(directory: string, port: number) {
  const service = (
    name: string,
    url: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) =>
    new Service({
      name,
      directory,
      command: [python, join(sources, `serve_${name}.py`), ...args],
      env: { ...bare(directory), ...env },
      answers: () => answers(url),
    });
  const keystoneUrl = `http://${host}:${port}/v3`;
  const neutronUrl = `http://${host}:${port + 1}`;
  return {
    keystoneUrl,
    neutronUrl,
    keystone: service("keystone", keystoneUrl, [`${port}`], {
      OS_KEYSTONE_CONFIG_FILES: join(directory, "keystone.conf"),
    }),
    neutron: service("neutron", neutronUrl, ["--config-file", "neutron.conf"], {
      OS_DEFAULT__BIND_PORT: `${port + 1}`,
      OS_KEYSTONE_AUTHTOKEN__AUTH_URL: keystoneUrl,
      OS_KEYSTONE_AUTHTOKEN__WWW_AUTHENTICATE_URI: keystoneUrl,
      OS_KEYSTONE_AUTHTOKEN__PASSWORD: password,
    }),
  };
}

/** Tells Keystone of both services, and of a user with the rights of any customer. */
async function register(keystone: string, neutron: string): Promise<void> {
  const client = await OpenStackClient.login(login(keystone, admin));
  const post = async (kind: string, properties: object): Promise<string> => {
    const url = `${keystone}/${kind}s`;
    const body = { [kind]: properties };
    const made = await client.request<Made>("POST", url, body);
    return made[kind]?.id ?? "";
  };
  const service = async (name: string, type: string, url: string) => {
    const service_id = await post("service", { name, type });
    for (const face of ["public", "internal", "admin"]) {
      const at = { interface: face, url, region_id: region };
      await post("endpoint", { service_id, ...at });
    }
  };
  await service("keystone", "identity", keystone);
  await service("neutron", "network", neutron);
  const project = await post("project", { name: member.project });
  const user = await post("user", { name: member.user, password });
  const { roles } = await client.request<{ roles: { id: string }[] }>(
    "GET",
    `${keystone}/roles?name=member`,
  );
  await client.request(
    "PUT",
    `${keystone}/projects/${project}/users/${user}/roles/${roles[0]?.id}`,
  );
}

type Made = Record<string, { readonly id: string }>;

function login(url: string, who: { user: string; project: string }) {
  return {
    OS_AUTH_URL: url,
    OS_USERNAME: who.user,
    OS_PASSWORD: password,
    OS_PROJECT_NAME: who.project,
    OS_USER_DOMAIN_NAME: "Default",
    OS_PROJECT_DOMAIN_NAME: "Default",
    OS_IDENTITY_API_VERSION: "3",
    OS_REGION_NAME: region,
  };
}

/** What of the user's could lead to another OpenStack: empty is as good as not set. */
function withoutTheUsers(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) => /^OS_/.test(name));
  return {
    ...Object.fromEntries(names.map((name) => [name, ""])),
    OS_CLOUD: "",
    // the client, in Python, would go through the user's proxy even to this machine
    no_proxy: host,
  };
}

/** An environment with nothing of the user's, for programs of Debian's Python. */
function bare(directory: string): Record<string, string> {
  return {
    HOME: directory,
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    LC_ALL: "C.UTF-8",
    PYTHONWARNINGS: "ignore",
  };
}
