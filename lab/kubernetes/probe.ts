import type { Probe } from "kubernetes-types/core/v1.d.ts";
import { run } from "../exec.ts";
import type { Running } from "./container.ts";
import type { Container } from "./objects.ts";

interface ProberSpec {
  readonly probe: Probe;
  readonly container: Container;
  readonly running: Running;
  readonly host: { readonly netns: string; readonly address: string };
  /** Ask every half second until it is well, so that the tests need not wait. */
  readonly hurry: boolean;
}

/** Asks a container at intervals whether it is well. */
export class Prober {
  private failures = 0;
  private next: number;
  private asking: Promise<void> | undefined;
  /** The last answer, once there have been enough of its kind. */
  well = false;
  private readonly spec: ProberSpec;

  constructor(spec: ProberSpec) {
    this.spec = spec;
    this.next = Date.now() + (spec.probe.initialDelaySeconds ?? 0) * 1000;
  }

  /** Whether it has failed as often as the probe allows. */
  get failed(): boolean {
    return this.failures >= (this.spec.probe.failureThreshold ?? 3);
  }

  /** Asks if it is time to. */
  look(): void {
    if (this.asking === undefined && Date.now() >= this.next) {
      this.asking = this.ask().then((well) => {
        this.failures = well ? 0 : this.failures + 1;
        this.well = well || (this.well && !this.failed);
        const period = (this.spec.probe.periodSeconds ?? 10) * 1000;
        this.next = Date.now() + (this.spec.hurry && !this.well ? 500 : period);
        this.asking = undefined;
      });
    }
  }

  private async ask(): Promise<boolean> {
    const { exec, httpGet } = this.spec.probe;
    const asked =
      exec !== undefined
        ? this.spec.running.exec(exec.command ?? [])
        : this.http(httpGet ?? { port: 0, scheme: "unknown" });
    return asked.then(
      () => true,
      () => false,
    );
  }

  /** From the host, as the kubelet asks. */
  private async http({
    host = this.spec.host.address,
    port,
    path = "/",
    scheme = "HTTP",
  }: NonNullable<Probe["httpGet"]>): Promise<void> {
    if (scheme !== "HTTP") {
      throw new Error(`no such probe in the lab: ${scheme}`);
    }
    const named = this.spec.container.ports?.find(({ name }) => name === port);
    const get = `exec 3<>"/dev/tcp/$0/$1" && printf 'GET %s HTTP/1.0\\r\\n\\r\\n' "$2" >&3 && read -t 1 -r _ status _ <&3 && [ "$status" -ge 200 ] && [ "$status" -lt 400 ]`;
    await run("nsenter", [
      `--net=/run/netns/${this.spec.host.netns}`,
      "--",
      "timeout",
      "1",
      "bash",
      "-c",
      get,
      host,
      `${named?.containerPort ?? port}`,
      path,
    ]);
  }
}
