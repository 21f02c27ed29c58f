import type * as core from "kubernetes-types/core/v1.d.ts";
import type { ObjectMeta } from "kubernetes-types/meta/v1.d.ts";

type Filled<T, Keys extends keyof T> = T & Required<Pick<T, Keys>>;

/** An object as the API server returns it, where more is filled in than an object needs to be accepted. */
interface Stored {
  readonly metadata: Filled<ObjectMeta, "name" | "namespace" | "uid">;
}

export interface Container extends core.Container {
  readonly image: string;
}

export type Node = core.Node & Stored;

export interface Pod extends Stored {
  readonly spec: Filled<core.PodSpec, "serviceAccountName"> & {
    readonly initContainers?: Container[];
    readonly containers: Container[];
  };
}

/** What a volume, or a part of a projected volume, takes its files from. */
export interface Source extends core.VolumeProjection {
  readonly secret?: core.SecretProjection & core.SecretVolumeSource;
}
