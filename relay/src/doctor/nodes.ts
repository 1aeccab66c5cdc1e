/** A node of the cluster, as `/api/nodes` has it; what a node that is down does not say is not there. */
export interface BrokerNode {
  readonly name: string;
  readonly running: boolean;
  readonly applications?: readonly { readonly name: string }[];
  readonly enabled_plugins?: readonly string[];
  readonly partitions?: readonly string[];
  readonly being_drained?: boolean;
  readonly mem_used?: number;
  readonly mem_limit?: number;
  readonly mem_alarm?: boolean;
  readonly disk_free?: number;
  readonly disk_free_limit?: number | string;
  readonly disk_free_alarm?: boolean;
  readonly fd_used?: number;
  readonly fd_total?: number;
  readonly sockets_used?: number;
  readonly sockets_total?: number;
  readonly proc_used?: number;
  readonly proc_total?: number;
}
