import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "../lab.ts";
import type { Api } from "./api.ts";
import { Running } from "./container.ts";
import { ContainerLoop } from "./containerLoop.ts";
import { commandOf, environmentOf, type ServiceAddress } from "./env.ts";
import { imageNamed } from "./images.ts";
import type { Container, Pod } from "./objects.ts";
import { fillVolumes, mountsOf } from "./volumes.ts";

/** A reason that `kubectl get pods` shows. */
class Problem extends Error {
  constructor(reason: string, message: string) {
    super(message);
    this.name = reason;
  }
}

/** A pod on its node, from its first volume to its last process. */
export class PodRun {
  private readonly aborted = new AbortController();
  private readonly init: readonly ContainerLoop[];
  private readonly main: readonly ContainerLoop[];
  private readonly startTime = now();
  private readonly whole: Promise<void>;
  private initialized = false;
  private ready = { is: false, since: now() };
  private reported = "";

  private readonly api: Api;
  private readonly lab: string;
  readonly pod: Pod;
  private readonly service: ServiceAddress;

  constructor(api: Api, lab: string, pod: Pod, service: ServiceAddress) {
    this.api = api;
    this.lab = lab;
    this.pod = pod;
    this.service = service;
    const { initContainers = [], containers } = pod.spec;
    const host = this.host();
    const loop = (container: Container) =>
      new ContainerLoop({
        container,
        start: () => this.start(container),
        host,
        stopped: this.aborted.signal,
      });
    this.init = initContainers.map(loop);
    this.main = containers.map(loop);
    this.whole = this.run();
  }

  /** Ends every container. */
  async stop(seconds: number): Promise<void> {
    this.aborted.abort();
    const loops = [...this.init, ...this.main];
    await Promise.all(loops.map((loop) => loop.stop(seconds)));
    await this.whole;
  }

  /** What a container has said since it was started last; undefined if there is none of that name. */
  output(name: string): string | undefined {
    const loops = [...this.init, ...this.main];
    return loops.find(({ spec }) => spec.container.name === name)?.output();
  }

  /** Tells the API server how the pod is, if that has changed. */
  async report(): Promise<void> {
    const main = this.main.map((loop) => {
      const ready = loop.isReady();
      return { ready, status: loop.status(ready) };
    });
    const is = this.initialized && main.every(({ ready }) => ready);
    if (is !== this.ready.is) {
      this.ready = { is, since: now() };
    }
    const { address } = this.host();
    const status = {
      phase: this.initialized ? "Running" : "Pending",
      startTime: this.startTime,
      hostIP: address,
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [
        condition("PodScheduled", true, this.startTime),
        condition("Initialized", this.initialized, this.startTime),
        condition("ContainersReady", is, this.ready.since),
        condition("Ready", is, this.ready.since),
      ],
      initContainerStatuses: this.init.map((loop) =>
        loop.status(this.initialized),
      ),
      containerStatuses: main.map((container) => container.status),
    };
    const text = JSON.stringify(status);
    if (text !== this.reported) {
      await this.api.merge(`${pathOf(this.pod)}/status`, { status });
      this.reported = text;
    }
  }

  private async run(): Promise<void> {
    for (const loop of this.init) {
      await loop.run(true);
    }
    this.initialized = !this.aborted.signal.aborted;
    await Promise.all(this.main.map((loop) => loop.run(false)));
  }

  private async start(container: Container): Promise<Running> {
    const { pod, api } = this;
    if (pod.spec.hostNetwork !== true) {
      throw new Problem(
        "ContainerCreating",
        "network is not ready: the lab has no container runtime that could connect a pod",
      );
    }
    const image = imageNamed(container.image);
    if (image === undefined) {
      throw new Problem("ErrImagePull", `no image ${container.image} here`);
    }
    const lab = Lab.named(this.lab);
    const node = pod.spec.nodeName ?? "";
    const first = lab.firstProcess(node);
    await fillVolumes(api, pod, lab.root(node));
    const env = environmentOf(pod, container, this.service);
    const logs = join(lab.directory, "logs", node);
    mkdirSync(logs, { recursive: true });
    return Running.start(container, {
      first,
      image: image.directory,
      command: commandOf(container, image.entrypoint, env),
      env,
      mounts: mountsOf(pod, container),
      log: join(logs, `${container.name}.log`),
    });
  }

  private host(): { netns: string; address: string } {
    return Lab.named(this.lab).host(this.pod.spec.nodeName ?? "");
  }
}

/** The path of a pod in the API. */
export function pathOf({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}

function condition(type: string, is: boolean, lastTransitionTime: string) {
  return { type, status: is ? "True" : "False", lastTransitionTime };
}

/** As the API has times: in whole seconds. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+/, "");
}
