import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { firstProcess } from "../host.ts";
import { Lab } from "../lab.ts";
import { listIfThere } from "../optionalFiles.ts";
import { type Access, Api, Refused } from "./api.ts";
import { serveLogs } from "./logs.ts";
import type { Node, Pod } from "./objects.ts";
import { now, PodRun, pathOf } from "./podRun.ts";

/**
 * The kubelets of all nodes of a lab, and as much of a scheduler as DaemonSets need. Runs as a process
 * of its own, where it reaches the API server: `kubelet.ts LAB FILE`, with an {@link Access} in FILE.
 */
class Kubelets {
  private readonly runs = new Map<string, PodRun>();
  private readonly stopping = new Set<string>();
  private readonly api: Api;

  private readonly lab: string;
  private readonly access: Access;

  constructor(lab: string, access: Access) {
    this.lab = lab;
    this.access = access;
    this.api = new Api(access);
  }

  async run(): Promise<never> {
    serveLogs(this.access, ({ namespace, name, container }) =>
      [...this.runs.values()]
        .find(
          ({ pod: { metadata } }) =>
            metadata.namespace === namespace && metadata.name === name,
        )
        ?.output(container),
    );
    for (;;) {
      // asked again and again, not watched: that is simple, and survives an API server that goes away
      await this.look().catch((error: Error) => console.log(error.message));
      await sleep(250);
    }
  }

  private async look(): Promise<void> {
    const nodes = await this.api.list<Node>("/api/v1/nodes");
    const pods = await this.api.list<Pod>("/api/v1/pods");
    const lab = Lab.named(this.lab);
    const ours = lab.hosts.map(({ name }) => name);
    for (const node of nodes) {
      if (ours.includes(node.metadata.name)) {
        await this.reportNode(lab, node);
      }
    }
    for (const pod of pods) {
      if (pod.spec.nodeName === undefined) {
        await this.bind(pod);
      } else if (ours.includes(pod.spec.nodeName)) {
        // one that cannot be helped is no reason to leave the others alone
        await this.tend(pod).catch((error: Error) =>
          console.log(error.message),
        );
      }
    }
    const there = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const uid of this.runs.keys()) {
      if (!there.has(uid)) {
        this.end(uid, 0); // deleted by force
      }
    }
  }

  /** The DaemonSet controller has decided which node a pod is for. */
  private async bind(pod: Pod): Promise<void> {
    const { name } = pod.metadata;
    const terms =
      pod.spec.affinity?.nodeAffinity
        ?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    const node = terms
      ?.flatMap(({ matchFields = [] }) => matchFields)
      .find(({ key }) => key === "metadata.name")?.values?.[0];
    if (node !== undefined) {
      await this.api
        .post(`${pathOf(pod)}/binding`, {
          apiVersion: "v1",
          kind: "Binding",
          metadata: { name },
          target: { apiVersion: "v1", kind: "Node", name: node },
        })
        .catch(unlessGone);
    }
  }

  private async tend(pod: Pod): Promise<void> {
    const { uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const run = this.runs.get(uid);
    if (deletionTimestamp !== undefined) {
      this.end(uid, deletionGracePeriodSeconds ?? 30, pod);
    } else if (run === undefined) {
      const { hostname: host, port } = new URL(this.access.server);
      const service = { host, port };
      this.runs.set(uid, new PodRun(this.api, this.lab, pod, service));
    } else {
      await run.report();
    }
  }

  /** Ends a pod on its node, and then in the API server. */
  private end(uid: string, seconds: number, pod?: Pod): void {
    if (this.stopping.has(uid)) {
      return;
    }
    this.stopping.add(uid);
    const ended = async () => {
      await this.runs.get(uid)?.stop(seconds);
      this.runs.delete(uid);
      if (pod !== undefined) {
        const preconditions = { uid };
        await this.api
          .delete(pathOf(pod), { gracePeriodSeconds: 0, preconditions })
          .catch(unlessGone);
      }
    };
    ended()
      .catch((error: Error) => console.log(error.message))
      .finally(() => this.stopping.delete(uid));
  }

  /** A node is ready when it runs and has a configuration of CNI, as with the real kubelet. */
  private async reportNode(lab: Lab, { metadata, status }: Node) {
    const { name } = metadata;
    const isReady =
      firstProcess(lab.host(name)) !== undefined &&
      hasCniConfiguration(lab.root(name));
    const before = status?.conditions?.find(({ type }) => type === "Ready");
    const ready = isReady ? "True" : "False";
    if (before?.status !== ready) {
      const time = now();
      await this.api.mergeLists(`/api/v1/nodes/${name}/status`, {
        status: {
          conditions: [
            {
              type: "Ready",
              status: ready,
              reason: isReady ? "KubeletReady" : "KubeletNotReady",
              message: isReady ? "" : "cni plugin not initialized",
              lastHeartbeatTime: time,
              lastTransitionTime: time,
            },
          ],
        },
      });
    }
  }
}

function hasCniConfiguration(root: string): boolean {
  const files = listIfThere(join(root, "etc/cni/net.d"));
  return files.some((file) => /\.(conf|conflist|json)$/.test(file));
}

/** Ignores the error where the object is gone or was changed meanwhile: the next look finds out. */
function unlessGone(error: unknown): void {
  if (!(error instanceof Refused && [404, 409].includes(error.status))) {
    throw error;
  }
}

const [lab = "", file = ""] = process.argv.slice(2);
const access: Access = JSON.parse(readFileSync(file, "utf8"));
void new Kubelets(lab, access).run();
