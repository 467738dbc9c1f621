/** The process of the hostile clients; see crowd-process.ts. */
import { ACTS } from './acts/index.ts'
import { LocalCrowd } from './crowd.ts'
import type { CrowdQuestion, CrowdSettings } from './crowd-process.ts'

const { ports, acts } = JSON.parse(process.argv[2]) as CrowdSettings
const crowd = new LocalCrowd(
  ports,
  ACTS.filter(({ name }) => acts.includes(name)),
)

async function answer(question: CrowdQuestion): Promise<void> {
  if (question === 'end') process.send?.(await crowd.end())
  else {
    crowd.begin()
    process.send?.({})
  }
}

process.on('message', (question: CrowdQuestion) => void answer(question))
// A terminal sends it to us too; our parent decides when it is over.
process.on('SIGINT', () => {})
process.once('disconnect', () => process.exit(1))
