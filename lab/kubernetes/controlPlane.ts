import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Result, tryRun } from "../exec.ts";
import type { Kubernetes } from "../kubernetes.ts";
import { Service } from "../service.ts";
import type { Access } from "./api.ts";

const port = 6443;

interface ControlPlaneSpec {
  readonly kubernetes: Kubernetes;
  readonly directory: string;
  /** The host's network namespace, and the address at which nodes reach the API server. */
  readonly netns: string;
  readonly address: string;
  /** The lab whose hosts are the nodes. */
  readonly lab: string;
}

/**
 * etcd, the API server and those controllers of the controller manager that a DaemonSet needs: in the
 * network of a host, with their files in a directory of this machine.
 */
export class ControlPlane {
  private readonly token = randomBytes(16).toString("hex");
  private readonly etcd: Service;
  private readonly apiServer: Service;
  private readonly controllers: Service;
  private readonly kubelets: Service;

  private readonly spec: ControlPlaneSpec;

  constructor(spec: ControlPlaneSpec) {
    this.spec = spec;
    const { kubernetes, directory, address, lab } = spec;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { apiServer, controllerManager } = kubernetes;
    const access = join(directory, "access.json");
    const kubelet = [join(import.meta.dirname, "kubelet.ts"), lab, access];
    this.etcd = this.service("etcd", ["etcd", ...etcdFlags], () =>
      this.accepts(2379),
    );
    this.apiServer = this.service(
      "kube-apiserver",
      [apiServer, ...apiServerFlags(address)],
      async () => existsSync(this.ca) && this.succeeds("get", "--raw=/readyz"),
    );
    this.controllers = this.service(
      "kube-controller-manager",
      [controllerManager, ...controllerFlags],
      // without it no pod can be made
      () => this.succeeds("get", "serviceaccount", "default"),
    );
    this.kubelets = this.service(
      "kubelets",
      [process.execPath, ...kubelet],
      async () => {
        const { stdout } = await this.kubectl(["get", "nodes", "-o", ready]);
        return !stdout.includes("?");
      },
    );
  }

  /** Starts all but the kubelets, which want nodes. */
  async start(): Promise<void> {
    const { directory } = this.spec;
    const { token, server } = this;
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const files = {
      "sa.key": privateKey.export({ type: "pkcs1", format: "pem" }),
      "tokens.csv": `${token},admin,admin,"system:masters"\n`,
      "admin.conf": this.kubeconfig({ "certificate-authority": this.ca }),
    };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(directory, name), content, { mode: 0o600 });
    }
    await this.etcd.start();
    await this.startApiServer();
    const key = readFileSync(this.ca.replace(/crt$/, "key"), "utf8");
    const certificate = this.readCa();
    const access: Access = { server, token, certificate, key };
    const file = join(directory, "access.json");
    writeFileSync(file, JSON.stringify(access), { mode: 0o600 });
  }

  startKubelets(): Promise<void> {
    return this.kubelets.start();
  }

  /**
   * Ends the API server without notice, and the controllers with it: these would take up to half a
   * minute to notice that it is back. What it knew is there again once it is started.
   */
  async stopApiServer(): Promise<void> {
    await Promise.all([this.apiServer.kill(), this.controllers.kill()]);
  }

  async startApiServer(): Promise<void> {
    await this.apiServer.start();
    await this.controllers.start();
  }

  async stop(): Promise<void> {
    const services = [this.kubelets, this.controllers, this.apiServer];
    await Promise.all([...services, this.etcd].map((each) => each.kill()));
  }

  /** Runs kubectl as an administrator. */
  kubectl(args: readonly string[], input?: string): Promise<Result> {
    const { kubectl } = this.spec.kubernetes;
    const config = ["--kubeconfig", join(this.spec.directory, "admin.conf")];
    const [command = "", ...rest] = this.inside([kubectl, ...config, ...args]);
    return tryRun(command, rest, {
      env: this.env,
      ...(input !== undefined && { input }),
    });
  }

  /** A kubeconfig of an administrator that can be taken elsewhere. */
  portableKubeconfig(): string {
    const ca = Buffer.from(this.readCa()).toString("base64");
    return this.kubeconfig({ "certificate-authority-data": ca });
  }

  private get server(): string {
    return `https://${this.spec.address}:${port}`;
  }

  /** The API server makes its own certificate, and puts that of the authority into the same file. */
  private get ca(): string {
    return join(this.spec.directory, "certificates/apiserver.crt");
  }

  private readCa(): string {
    return readFileSync(this.ca, "utf8");
  }

  /** JSON is YAML. */
  private kubeconfig(authority: Record<string, string>): string {
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "admin",
      clusters: [
        { name: "lab", cluster: { server: this.server, ...authority } },
      ],
      users: [{ name: "admin", user: { token: this.token } }],
      contexts: [{ name: "admin", context: { cluster: "lab", user: "admin" } }],
    };
    return `${JSON.stringify(config, null, 2)}\n`;
  }

  private service(
    name: string,
    command: readonly string[],
    answers: () => Promise<boolean>,
  ): Service {
    return new Service({
      name,
      directory: this.spec.directory,
      command: this.inside(command),
      env: this.env,
      answers,
    });
  }

  private inside(command: readonly string[]): string[] {
    return ["nsenter", `--net=/run/netns/${this.spec.netns}`, "--", ...command];
  }

  private get env(): Record<string, string> {
    return {
      HOME: this.spec.directory,
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    };
  }

  private async accepts(at: number): Promise<boolean> {
    const probe = ["bash", "-c", `: <"/dev/tcp/127.0.0.1/${at}"`];
    const [command = "", ...rest] = this.inside(probe);
    return (await tryRun(command, rest)).code === 0;
  }

  private async succeeds(...args: string[]): Promise<boolean> {
    return (await this.kubectl(args)).code === 0;
  }
}

/** A question mark for each node that no kubelet has reported on. */
const ready =
  "go-template={{range .items}}{{if not .status.conditions}}?{{end}}{{end}}";

const etcdUrl = "http://127.0.0.1:2379";
const etcdFlags = [
  "--data-dir=etcd",
  `--listen-client-urls=${etcdUrl}`,
  `--advertise-client-urls=${etcdUrl}`,
  "--listen-peer-urls=http://127.0.0.1:2380",
];

function apiServerFlags(address: string): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    "--cert-dir=certificates",
    `--secure-port=${port}`,
    `--advertise-address=${address}`,
    "--service-cluster-ip-range=10.32.0.0/24",
    "--service-account-issuer=https://kubernetes.default.svc",
    "--service-account-key-file=sa.key",
    "--service-account-signing-key-file=sa.key",
    "--token-auth-file=tokens.csv",
    "--authorization-mode=RBAC",
    "--allow-privileged=true",
    "--kubelet-preferred-address-types=InternalIP",
  ];
}

const controllers = [
  "daemonset-controller",
  "garbage-collector-controller",
  "namespace-controller",
  "node-lifecycle-controller",
  "root-ca-certificate-publisher-controller",
  "serviceaccount-controller",
];
const controllerFlags = [
  "--kubeconfig=admin.conf",
  `--controllers=${controllers.join()}`,
  "--leader-elect=false",
  "--root-ca-file=certificates/apiserver.crt",
  // the lab's kubelets send no heartbeats
  "--node-monitor-grace-period=24h",
];
