export { ChurnMap } from './churn-map.ts'
export { Matches } from './matches.ts'
export { isWorthMoving } from './renewal.ts'
export { RetainedTree } from './retained-tree.ts'
export { SharedGroup } from './shared-group.ts'
export { SortedTopics, TopicCursor } from './sorted-topics.ts'
export { TopicTree } from './topic-tree.ts'
export {
  isValidTopicFilter,
  isValidTopicName,
  MAX_TOPIC_BYTES,
  matchesFilter,
  parseShare,
  topicLevels,
} from './topics.ts'
