/** What the page asks of the layout worker: plain data, so that nothing but sizes and ties leaves the page. */
export interface LayoutRequest {
  readonly id: number;
  readonly nodes: readonly {
    readonly id: string;
    readonly parent?: string;
    readonly width?: number;
    readonly height?: number;
    readonly x: number;
    readonly y: number;
  }[];
  readonly edges: readonly { readonly source: string; readonly target: string }[];
}

export interface LayoutAnswer {
  readonly id: number;
  readonly places: readonly (readonly [id: string, x: number, y: number])[];
}
