// A client for the service.
// Everything is typed.

import { Transport } from "./transport";

/** What a request may say. */
export interface Request<T = unknown> {
  readonly path: string;
  body?: T;
  /** Stops it. */
  cancel(reason?: string): void;
}

export type Handler<T> = (request: Request<T>) => Promise<void>;

export enum Method {
  Get = "GET",
  Post = "POST",
}

declare const VERSION: string;
declare function log(line: string): void;

export function send(path: string): Promise<void>;
export function send(path: string, body: object): Promise<void>;
/** Sends it. */
export async function send(path: string, body?: object): Promise<void> {
  log(path);
}

export abstract class Base<T extends object> {
  protected constructor(private readonly transport: Transport) {}

  abstract connect(): Promise<T>;

  get url(): string {
    return "";
  }
}

@Injectable({ scope: "root" })
export class Client extends Base<object> implements Disposable {
  static #count = 0;

  @Input() name = "client";

  @Memoize()
  async connect(): Promise<object> {
    return {};
  }

  private retry = async (times: number): Promise<void> => {};

  [Symbol.dispose]() {}
}

export namespace Codec {
  export const BASE = 64;
  export function encode(text: string): string {
    return text;
  }
  export namespace Deep {
    export interface Options {}
  }
}

declare module "ambient" {
  export function patched(): void;
}

export const createClient = <T,>(options: T) => new Client(options);

export const routes = {
  home: "/",
  user: (id: string) => `/users/${id}`,
} as const;

abstract class Hidden {}
const local = 1;
