/**
 * What this process has used of processors so far, in ms: what a piece of work costs, whatever else the machine does. The clock on the wall goes on
 * while others compute.
 */
export function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
