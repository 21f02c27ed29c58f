import { setTimeout as sleep } from "node:timers/promises";
import type { Probe } from "kubernetes-types/core/v1.d.ts";
import type { Running } from "./container.ts";
import type { Container } from "./objects.ts";
import { Prober } from "./probe.ts";

interface LoopSpec {
  readonly container: Container;
  readonly start: () => Promise<Running>;
  readonly host: { readonly netns: string; readonly address: string };
  /** Aborted when the pod is stopped. */
  readonly stopped: AbortSignal;
}

/** A container of a pod on its node: started, started again whenever it ends, and asked whether it is well. */
export class ContainerLoop {
  private running: Running | undefined;
  private last: Running | undefined;
  private restarts = 0;
  private startedAt = "";
  private exitCode: number | undefined;
  private problem = { reason: "PodInitializing", message: "" };
  private readiness: Prober | undefined;
  private liveness: Prober | undefined;

  readonly spec: LoopSpec;

  constructor(spec: LoopSpec) {
    this.spec = spec;
  }

  /** Runs it until the pod is stopped; one that is to end, until it has ended well. */
  async run(toEnd: boolean): Promise<void> {
    const { stopped: signal } = this.spec;
    let pause = 0.5;
    while (!signal.aborted) {
      const since = Date.now();
      const code = await this.once();
      if (signal.aborted || (toEnd && code === 0)) {
        return;
      }
      // the kubelet begins with ten seconds and goes up to five minutes, which is too long for tests
      pause = Date.now() - since > 60_000 ? 0.5 : Math.min(pause * 2, 8);
      await sleep(pause * 1000, undefined, { signal }).catch(() => {});
    }
  }

  async stop(seconds: number): Promise<void> {
    await this.running?.stop(seconds);
  }

  /** What it has said since it was started last. */
  output(): string {
    return this.last?.output() ?? "";
  }

  /** Whether it is running and well. To be called again and again: it asks the probes. */
  isReady(): boolean {
    this.liveness?.look();
    if (this.liveness?.failed) {
      void this.running?.stop(5);
    }
    this.readiness?.look();
    return this.running !== undefined && (this.readiness?.well ?? true);
  }

  /** As `status.containerStatuses` has it. */
  status(ready: boolean): object {
    const { exitCode, startedAt, running } = this;
    const { name, image } = this.spec.container;
    const last =
      exitCode === undefined
        ? {}
        : {
            terminated: {
              exitCode,
              reason: exitCode === 0 ? "Completed" : "Error",
            },
          };
    const state =
      running !== undefined
        ? { running: { startedAt } }
        : exitCode === 0
          ? last
          : { waiting: this.problem };
    return {
      name,
      image,
      imageID: image,
      ready,
      state,
      lastState: last,
      restartCount: this.restarts,
    };
  }

  /** Starts it and waits until it has ended; returns its exit code, or undefined if it could not be started. */
  private async once(): Promise<number | undefined> {
    const { container, start, host, stopped } = this.spec;
    try {
      this.running = await start();
    } catch (error) {
      const { message, name } = error as Error;
      console.log(`${container.name}: ${message}`);
      this.problem = {
        reason: name === "Error" ? "CreateContainerConfigError" : name,
        message,
      };
      return undefined;
    }
    const { running } = this;
    this.last = running;
    if (stopped.aborted) {
      void running.stop(0); // it was being started when the pod was stopped
    }
    const { readinessProbe, livenessProbe } = container;
    this.startedAt = new Date(running.since).toISOString();
    const prober = (probe: Probe | undefined, hurry: boolean) =>
      probe && new Prober({ probe, container, running, host, hurry });
    this.readiness = prober(readinessProbe, true);
    this.liveness = prober(livenessProbe, false);
    const code = await running.ended;
    this.running = undefined;
    this.exitCode = code;
    this.restarts += code === 0 ? 0 : 1;
    this.problem = {
      reason: "CrashLoopBackOff",
      message: `${container.name} ended with exit code ${code}`,
    };
    return code;
  }
}
