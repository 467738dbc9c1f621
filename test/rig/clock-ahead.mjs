/** Loaded before a program (`--import`): the clock of its machine is an hour ahead. What measures intervals is as it was. */
const AHEAD = 3_600_000
const { now } = Date
Date.now = () => now() + AHEAD
