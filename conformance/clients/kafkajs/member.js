// Members of groups that do as they are told: `member.js BOOTSTRAP`; what they are told and report is in clients/members/README.md.
'use strict'

const { createInterface } = require('node:readline')
const { Kafka, logLevel, PartitionAssigners } = require('kafkajs')

const kafka = new Kafka({ clientId: 'kafkajs', brokers: [process.argv[2]], logLevel: logLevel.NOTHING })
const members = new Map()

function report(name, ...words) {
  process.stdout.write(`${[name, ...words].join(' ')}\n`)
}

// The client's own assignor under the name that the others know it by: what the members tell each other is the same.
function roundrobin(cluster) {
  return { ...PartitionAssigners.roundRobin(cluster), name: 'roundrobin' }
}

async function join(name, groupId, topic, settings) {
  const { protocol, assignor, session, ...unknown } = settings
  if (protocol !== 'classic' || assignor !== 'roundrobin' || !(session > 0) || Object.keys(unknown).length > 0) {
    throw new Error(`no such settings: ${JSON.stringify(settings)}`)
  }
  const consumer = kafka.consumer({
    groupId,
    partitionAssigners: [roundrobin],
    sessionTimeout: Number(session),
    heartbeatInterval: 500,
    maxWaitTimeInMs: 200,
    retry: { initialRetryTime: 50, maxRetryTime: 1000, retries: 30 },
  })
  members.set(name, consumer)
  const { GROUP_JOIN, REBALANCING, CRASH } = consumer.events
  consumer.on(REBALANCING, () => report(name, 'owns', '-'))
  consumer.on(GROUP_JOIN, ({ payload }) => report(name, 'owns', '-', ...(payload.memberAssignment[topic] ?? [])))
  // After some errors it begins again by itself.
  consumer.on(CRASH, ({ payload }) => payload.restart || report(name, 'failed', payload.error.type ?? payload.error.name))
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const { offset, value } of batch.messages) report(name, 'read', batch.partition, offset, value)
      await consumer.commitOffsets([{ topic, partition: batch.partition, offset: String(BigInt(batch.lastOffset()) + 1n) }])
    },
  })
}

async function leave(name) {
  const consumer = members.get(name)
  members.delete(name)
  await consumer.disconnect()
  report(name, 'left')
}

const commands = {
  join: (name, group, topic, ...settings) => join(name, group, topic, Object.fromEntries(settings.map(s => s.split('=')))),
  leave,
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, ...words] = line.split(' ')
    commands[command](...words).catch(e => report(words[0], 'failed', e.type ?? e.name))
  }
  await Promise.all([...members.keys()].map(leave))
}

main()
