// KafkaJS against a node: `cases.js BOOTSTRAP LOGS [CASE]` prints `case pass|fail seconds` for each case.
// It consumes only as a member of a group; where a case is not about reading, kcat reads what it produced.
'use strict'

const { strictEqual, deepStrictEqual, ok } = require('node:assert')
const { execFile } = require('node:child_process')
const { readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { promisify } = require('node:util')
const { CompressionTypes, ConfigResourceTypes, ConfigSource, Kafka, logLevel } = require('kafkajs')

const [bootstrap, logs, only] = process.argv.slice(2)
// Not so old that retention takes what has it.
const BASE_TIME = Date.now() - 3_600_000
// A record without a key has 11 bytes besides a value of this size, and its batch 61: together the default of max.message.bytes.
const LARGEST_VALUE = 1_048_588 - 61 - 11

// Milliseconds that a group may take to share its partitions.
const REBALANCE = 60_000

const NOT_YET = ['UNKNOWN_TOPIC_OR_PARTITION', 'NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'KafkaJSTopicMetadataNotLoaded']

const kafka = new Kafka({
  clientId: 'kafkajs',
  brokers: [bootstrap],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, retries: 4 },
})
// Each case has one of its own, since it goes on asking for every topic that it was ever told.
let admin
const cases = new Map()

// Clients

async function create(topic, numPartitions = 1, configs = {}) {
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  const topics = [{ topic, numPartitions, replicationFactor: 1, configEntries }]
  // To wait for leaders gives up when the broker has not heard of the topic yet.
  strictEqual(await admin.createTopics({ topics, waitForLeaders: false }), true)
  await ready(topic, numPartitions)
}

// The controller acknowledges a topic before its broker has the logs, and what is sent too early is sent again out of order.
function ready(topic, partitions) {
  return wait('the partitions', async () => (await unlessTooEarly(() => admin.fetchTopicOffsets(topic)))?.length === partitions)
}

// The result of an action; none if it fails because its topic or partition is not there yet.
async function unlessTooEarly(action) {
  try {
    return await action()
  } catch (e) {
    if (!NOT_YET.includes(root(e).type ?? root(e).name)) throw e
  }
}

// Runs an action with a producer that is connected.
async function producing(settings, action) {
  const producer = kafka.producer({ allowAutoTopicCreation: false, ...settings })
  await producer.connect()
  try {
    return await action(producer)
  } finally {
    await producer.disconnect()
  }
}

function produce(topic, messages, options = {}, settings = {}) {
  return producing(settings, producer => producer.send({ topic, messages, ...options }))
}

async function kcat(...args) {
  const { stdout } = await promisify(execFile)('kcat', ['-q', '-b', bootstrap, ...args], { maxBuffer: 1 << 26, timeout: 20_000 })
  return stdout
}

// All records of the topic, sorted by partition and offset.
async function consume(topic) {
  const records = (await kcat('-C', '-t', topic, '-o', 'beginning', '-e', '-J')).split('\n').filter(Boolean).map(line => JSON.parse(line))
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

function value(i) {
  return `value ${i} of many, with words that repeat, repeat, repeat`
}

// The numbers from `first` to before `end`.
function range(first, end) {
  return Array.from({ length: end - first }, (_, i) => first + i)
}

function letters(size) {
  return Buffer.from(range(0, size).map(i => 97 + (((i * 7919) >> 5) % 26))).toString()
}

async function offsets(topic) {
  return (await admin.fetchTopicOffsets(topic)).sort((a, b) => a.partition - b.partition)
}

// Produce

function roundTrip(options, settings) {
  return async topic => {
    await create(topic)
    const [count, step] = [3000, 500]
    await producing(settings, async producer => {
      for (let first = 0; first < count; first += step) {
        const messages = range(first, first + step).map(i => ({ value: value(i), partition: 0, timestamp: String(BASE_TIME + i) }))
        const [answer] = await producer.send({ topic, messages, ...options })
        deepStrictEqual([answer.partition, answer.errorCode, answer.baseOffset], [0, 0, String(first)])
      }
    })
    const found = (await consume(topic)).map(r => [r.offset, r.tstype, r.ts, r.key, r.payload])
    deepStrictEqual(found, range(0, count).map(i => [i, 'create', BASE_TIME + i, null, value(i)]))
  }
}

cases.set('codec-none', roundTrip({ compression: CompressionTypes.None }))
cases.set('codec-gzip', roundTrip({ compression: CompressionTypes.GZIP }))
cases.set('acks-1', roundTrip({ acks: 1 }))
cases.set('acks-all', roundTrip({ acks: -1 }))
cases.set('idempotent', roundTrip({ acks: -1 }, { idempotent: true, maxInFlightRequests: 1 }))
cases.set('not-idempotent', roundTrip({}, { idempotent: false, maxInFlightRequests: 1 }))

cases.set('acks-0', async topic => {
  await create(topic)
  await producing({}, async producer => {
    for (let first = 0; first < 1000; first += 100) {
      const messages = range(first, first + 100).map(i => ({ value: value(i), partition: 0 }))
      deepStrictEqual(await producer.send({ topic, messages, acks: 0 }), [])
    }
    // Closing the connection at once might take requests back.
    await wait('the records', async () => (await offsets(topic))[0].high === '1000')
  })
  deepStrictEqual((await consume(topic)).map(r => r.payload), range(0, 1000).map(value))
})

cases.set('keyed', async topic => {
  await create(topic, 5)
  const messages = range(0, 2050).map(i => ({ key: `key-${i % 41}`, value: value(i) }))
  await produce(topic, messages, { compression: CompressionTypes.GZIP })
  const [values, places] = [new Map(), new Map()]
  for (const record of await consume(topic)) {
    strictEqual(places.get(record.key) ?? record.partition, record.partition)
    places.set(record.key, record.partition)
    values.set(record.key, [...(values.get(record.key) ?? []), record.payload])
  }
  strictEqual(values.size, 41)
  for (const key of range(0, 41)) {
    deepStrictEqual(values.get(`key-${key}`), range(0, 50).map(i => value(key + 41 * i)))
  }
})

cases.set('unkeyed', async topic => {
  await create(topic, 4)
  await produce(topic, range(0, 2000).map(i => ({ value: value(i) })))
  const records = await consume(topic)
  deepStrictEqual([...new Set(records.map(r => r.partition))], [0, 1, 2, 3])
  deepStrictEqual(records.map(r => r.payload).sort(), range(0, 2000).map(value).sort())
})

cases.set('partitioner', async topic => {
  await create(topic, 7)
  const table = readFileSync(join(__dirname, '../murmur2.tsv'), 'utf8').trimEnd().split('\n').map(line => line.split('\t'))
  await produce(topic, table.map(([key]) => ({ key, value: '' })))
  const found = (await consume(topic)).map(r => [r.key, r.partition])
  deepStrictEqual(found.sort(), table.map(([key, hash]) => [key, Number(hash) % 7]).sort())
})

cases.set('many-partitions', async topic => {
  for (const partitions of [1, 10, 100]) {
    const name = `${topic}-${partitions}`
    await create(name, partitions)
    const answers = await produce(name, range(0, 500).map(i => ({ value: value(i), partition: i % partitions })))
    deepStrictEqual(answers.map(a => a.partition).sort((a, b) => a - b), range(0, partitions))
    const expected = range(0, partitions).flatMap(p => range(0, 500 / partitions).map(i => [p, i, value(p + i * partitions)]))
    deepStrictEqual((await consume(name)).map(r => [r.partition, r.offset, r.payload]), expected)
  }
})

function oneRecord(key, val) {
  return async topic => {
    await create(topic)
    await produce(topic, [{ key, value: val }])
    deepStrictEqual((await consume(topic)).map(r => [r.key, r.payload]), [[key, val]])
  }
}

cases.set('null-key', oneRecord(null, 'value'))
cases.set('null-value', oneRecord('key', null))
cases.set('both-null', oneRecord(null, null))
cases.set('empty-value', oneRecord('key', ''))

cases.set('headers', async topic => {
  await create(topic)
  await produce(topic, [{ value: 'value', headers: { first: ['1', Buffer.from('zwölf')], empty: '' } }, { value: 'none' }])
  const found = (await consume(topic)).map(r => r.headers)
  deepStrictEqual(found, [['first', '1', 'first', 'zwölf', 'empty', ''], undefined])
  await joined(topic, {}, async ([reader]) => {
    await take([reader], 2)
    const read = reader.records.map(r => Object.entries(r.headers).map(([name, values]) => [name, [values].flat().map(String)]))
    deepStrictEqual(read, [[['first', ['1', 'zwölf']], ['empty', ['']]], []])
  })
})

cases.set('sizes', async topic => {
  await create(topic)
  const values = [1, 2, 63, 64, 1000, 16384, 100_000, 1_000_000, LARGEST_VALUE].map(letters)
  await producing({}, async producer => {
    for (const val of values) await producer.send({ topic, messages: [{ value: val }] })
    await fails('MESSAGE_TOO_LARGE', () => producer.send({ topic, messages: [{ value: letters(LARGEST_VALUE + 1) }] }))
  })
  const found = (await consume(topic)).map(r => r.payload)
  deepStrictEqual(found.map(v => v.length), values.map(v => v.length))
  values.forEach((sent, i) => ok(sent === found[i], `the value of ${sent.length} bytes comes back`))
})

cases.set('too-large', async topic => {
  await create(topic, 1, { 'max.message.bytes': '10000' })
  for (const settings of [{}, { idempotent: true }]) {
    await fails('MESSAGE_TOO_LARGE', () => produce(topic, [{ value: letters(20_000) }], {}, settings))
  }
  await producing({}, async producer => {
    await fails('MESSAGE_TOO_LARGE', () => producer.send({ topic, messages: [{ value: letters(20_000) }] }))
    // The connection stays: the next record goes through.
    const [answer] = await producer.send({ topic, messages: [{ value: letters(5_000) }] })
    strictEqual(answer.baseOffset, '0')
  })
})

cases.set('log-append-time', async topic => {
  await create(topic, 1, { 'message.timestamp.type': 'LogAppendTime' })
  const before = Date.now()
  const [answer] = await produce(topic, [{ value: 'value', timestamp: '5' }], { compression: CompressionTypes.GZIP })
  const [record] = await consume(topic)
  deepStrictEqual([record.tstype, String(record.ts)], ['logappend', answer.logAppendTime])
  ok(before <= record.ts && record.ts <= Date.now(), `the time is the broker's, not ${record.ts}`)
})

// Where reading starts

function fill(topic, count) {
  return produce(topic, range(0, count).map(i => ({ value: value(i), partition: 0, timestamp: String(BASE_TIME + 10 * i) })))
}

cases.set('earliest', async topic => {
  await create(topic, 2)
  await fill(topic, 100)
  deepStrictEqual((await offsets(topic)).map(o => [o.partition, o.low, o.high]), [[0, '0', '100'], [1, '0', '0']])
  await joined(topic, {}, async ([reader]) => {
    await take([reader], 100)
    const expected = range(0, 100).map(i => [0, String(i), String(BASE_TIME + 10 * i), value(i)])
    deepStrictEqual(reader.records.map(r => [r.partition, r.offset, r.timestamp, String(r.value)]), expected)
  })
})

cases.set('latest', async topic => {
  await create(topic)
  await fill(topic, 100)
  await joined(topic, { fromBeginning: false }, async ([reader]) => {
    await wait('the partition', () => reader.share === 1, REBALANCE)
    // Where it begins is asked for when it first fetches.
    await wait('what is new', async () => {
      await produce(topic, [{ value: 'new' }])
      return reader.records.length > 0
    })
    ok(reader.records.every(r => Number(r.offset) >= 100 && String(r.value) === 'new'))
  })
})

cases.set('out-of-range', async topic => {
  await create(topic)
  await fill(topic, 10)
  await admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '11' }] })
  // The client goes back to where it would have begun.
  await joined(topic, {}, members => take(members, 10))
})

cases.set('fetch-limits', async topic => {
  await create(topic, 3)
  await produce(topic, range(0, 300).map(i => ({ value: letters(1000), partition: i % 3 })))
  for (const settings of [{ maxBytesPerPartition: 1000, maxBytes: 2000 }, { minBytes: 100_000 }]) {
    const groupId = `${topic}-${Object.keys(settings)[0]}`
    await joined(topic, { groupId, ...settings }, members => take(members, 300))
  }
})

cases.set('timestamp', async topic => {
  await create(topic)
  await fill(topic, 100)
  const at = async millis => (await admin.fetchTopicOffsetsByTimestamp(topic, millis)).map(o => Number(o.offset))
  deepStrictEqual(await at(BASE_TIME + 500), [50])
  deepStrictEqual(await at(BASE_TIME + 501), [51])
  deepStrictEqual(await at(1), [0])
  // The client answers a time after all with the end.
  deepStrictEqual(await at(BASE_TIME + 86_400_000), [100])
})

cases.set('unknown-topic', async topic => {
  await fails('UNKNOWN_TOPIC_OR_PARTITION', () => produce(topic, [{ value: 'value' }]))
  await fails('UNKNOWN_TOPIC_OR_PARTITION', () => admin.fetchTopicMetadata({ topics: [topic] }))
  await fails('UNKNOWN_TOPIC_OR_PARTITION', () => admin.fetchTopicOffsets(topic))
  ok(!(await admin.listTopics()).includes(topic), 'asking creates nothing')
  // Apache Kafka may take longer to create it than this client asks again.
  await wait('the topic', () => unlessTooEarly(() => produce(topic, [{ value: 'value' }], {}, { allowAutoTopicCreation: true })))
  deepStrictEqual((await consume(topic)).map(r => r.payload), ['value'])
})

// Topics and configs

async function describe(topic) {
  const { topics: [found] } = await admin.fetchTopicMetadata({ topics: [topic] })
  strictEqual(found.name, topic)
  return found.partitions.sort((a, b) => a.partitionId - b.partitionId)
}

cases.set('topic-create', async topic => {
  await create(topic, 3, { 'retention.ms': '1234567' })
  ok((await admin.listTopics()).includes(topic))
  strictEqual((await config(ConfigResourceTypes.TOPIC, topic, 'retention.ms')).configValue, '1234567')
  const asked = options => () => admin.createTopics({ topics: [{ topic: `${topic}-1`, ...options }] })
  strictEqual(await asked({ topic })(), false)
  await fails('INVALID_TOPIC_EXCEPTION', asked({ topic: 'not/a/name' }))
  await fails('INVALID_PARTITIONS', asked({ numPartitions: 0 }))
  await fails('INVALID_REPLICATION_FACTOR', asked({ replicationFactor: 2 }))
  await fails('INVALID_CONFIG', asked({ configEntries: [{ name: 'retention.ms', value: 'soon' }] }))
  strictEqual(await admin.createTopics({ topics: [{ topic: `${topic}-dry` }], validateOnly: true, waitForLeaders: false }), true)
  ok(!(await admin.listTopics()).some(name => name === `${topic}-dry` || name === `${topic}-1`), 'a trial creates nothing')
})

cases.set('topic-describe', async topic => {
  await create(topic, 100)
  const found = (await describe(topic)).map(p => [p.partitionId, p.partitionErrorCode, p.leader, p.replicas, p.isr])
  deepStrictEqual(found, range(0, 100).map(i => [i, 0, 1, [1], [1]]))
})

cases.set('topic-grow', async topic => {
  await create(topic, 2)
  await fill(topic, 10)
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
  await ready(topic, 4)
  const [answer] = await produce(topic, [{ value: 'new', partition: 3 }])
  deepStrictEqual([answer.partition, answer.baseOffset], [3, '0'])
  const expected = [...range(0, 10).map(i => [0, value(i)]), [3, 'new']]
  deepStrictEqual((await consume(topic)).map(r => [r.partition, r.payload]), expected)
  await fails('INVALID_PARTITIONS', () => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }))
})

cases.set('topic-delete', async topic => {
  await create(topic, 2)
  await fill(topic, 10)
  await admin.deleteTopics({ topics: [topic] })
  await wait('its end', async () => !(await admin.listTopics()).includes(topic))
  await fails('UNKNOWN_TOPIC_OR_PARTITION', () => admin.deleteTopics({ topics: [topic] }))
  await create(topic)
  deepStrictEqual((await offsets(topic)).map(o => o.high), ['0'])
})

async function config(type, name, key) {
  const { resources } = await admin.describeConfigs({ resources: [{ type, name, configNames: [key] }], includeSynonyms: true })
  strictEqual(resources.length, 1)
  deepStrictEqual(resources[0].configEntries.map(e => e.configName), [key])
  return resources[0].configEntries[0]
}

cases.set('topic-config', async topic => {
  await create(topic, 1, { 'max.message.bytes': '50000' })
  const read = key => config(ConfigResourceTypes.TOPIC, topic, key)
  const size = await read('max.message.bytes')
  deepStrictEqual([size.configValue, size.configSource], ['50000', ConfigSource.TOPIC_CONFIG])
  deepStrictEqual(size.configSynonyms.map(s => s.configName), ['max.message.bytes', 'message.max.bytes'])
  const retention = await read('retention.ms')
  deepStrictEqual([retention.configValue, retention.configSource], ['604800000', ConfigSource.DEFAULT_CONFIG])
  const alter = (name, val, validateOnly = false) =>
    admin.alterConfigs({
      validateOnly,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value: val }] }],
    })
  await alter('retention.ms', '2000000', true)
  strictEqual((await read('retention.ms')).configValue, '604800000')
  // What is not named goes back to its default.
  await alter('retention.ms', '1000000')
  await wait('the new value', async () => (await read('retention.ms')).configValue === '1000000')
  strictEqual((await read('max.message.bytes')).configValue, '1048588')
  await fails('INVALID_CONFIG', () => alter('retention.ms', 'soon'))
  await fails('INVALID_CONFIG', () => alter('no.such.key', '1'))
})

cases.set('broker-config', async () => {
  const node = await config(ConfigResourceTypes.BROKER, '1', 'node.id')
  deepStrictEqual([node.configValue, node.readOnly], ['1', true])
  const partitions = await config(ConfigResourceTypes.BROKER, '1', 'num.partitions')
  deepStrictEqual([partitions.configValue, partitions.configSource], ['3', ConfigSource.STATIC_BROKER_CONFIG])
})

cases.set('cluster-describe', async () => {
  const cluster = await admin.describeCluster()
  strictEqual(cluster.clusterId.length, 22)
  deepStrictEqual(cluster.brokers.map(b => [b.nodeId, `${b.host}:${b.port}`]), [[1, bootstrap]])
  strictEqual(cluster.controller, 1)
})

// Groups

// A consumer of the group that has the topic's name. It keeps what it has read and how many partitions are its own.
async function member(topic, { fromBeginning = true, ...settings }) {
  const retry = { initialRetryTime: 50, maxRetryTime: 1000, retries: 30 }
  const consumer = kafka.consumer({ groupId: topic, heartbeatInterval: 500, maxWaitTimeInMs: 200, retry, ...settings })
  const self = { consumer, records: [], share: 0 }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    self.share = payload.memberAssignment[topic]?.length ?? 0
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning })
  const eachMessage = async ({ partition, message }) => void self.records.push({ partition, ...message })
  await consumer.run({ autoCommit: false, eachMessage })
  return self
}

// Runs an action with members of the group, one at first; those it leaves there are told to leave.
async function joined(topic, settings, action) {
  const members = [await member(topic, settings)]
  try {
    await action(members)
  } finally {
    await Promise.all(members.map(member => member.consumer.disconnect()))
  }
}

// The values of so many records, whichever member gets them, in order; they are in the members' records and no more come.
async function take(members, count) {
  const records = () => members.flatMap(member => member.records)
  await wait(`${count} records`, () => records().length >= count, REBALANCE)
  strictEqual(records().length, count)
  return records().map(r => String(r.value)).sort()
}

// Commits all that the member has read, and forgets it.
async function commit(topic, member) {
  const next = new Map(member.records.splice(0).map(r => [r.partition, String(Number(r.offset) + 1)]))
  await member.consumer.commitOffsets([...next].map(([partition, offset]) => ({ topic, partition, offset })))
}

function spread(topic, first, end, partitions) {
  return produce(topic, range(first, end).map(i => ({ value: value(i), partition: i % partitions })))
}

cases.set('group-commit', async topic => {
  await create(topic, 2)
  await spread(topic, 0, 100, 2)
  await joined(topic, {}, async ([reader]) => {
    await take([reader], 100)
    await reader.consumer.commitOffsets([{ topic, partition: 0, offset: '30', metadata: 'a note' }])
  })
  const [{ partitions }] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
  const found = partitions.sort((a, b) => a.partition - b.partition).map(p => [p.partition, p.offset, p.metadata || null])
  deepStrictEqual(found, [[0, '30', 'a note'], [1, '-1', null]])
  await joined(topic, {}, members => take(members, 20 + 50))
})

cases.set('group-resume', async topic => {
  await create(topic, 4)
  for (const first of [0, 400]) {
    await spread(topic, first, first + 400, 4)
    await joined(topic, {}, async ([reader]) => {
      deepStrictEqual(await take([reader], 400), range(first, first + 400).map(value).sort())
      await commit(topic, reader)
    })
  }
})

cases.set('group-roundrobin', async topic => {
  await create(topic, 4)
  await spread(topic, 0, 100, 4)
  await joined(topic, {}, async members => {
    const shares = () => members.map(member => member.share).join()
    deepStrictEqual(await take(members, 100), range(0, 100).map(value).sort())
    await commit(topic, members[0])
    members.push(await member(topic, {}))
    await wait('each has its half', () => shares() === '2,2', REBALANCE)
    await spread(topic, 100, 200, 4)
    deepStrictEqual(await take(members, 100), range(100, 200).map(value).sort())
    for (const member of members) await commit(topic, member)
    await members.shift().consumer.disconnect()
    await wait('the other has all', () => shares() === '4', REBALANCE)
    await spread(topic, 200, 204, 4)
    deepStrictEqual(await take(members, 4), range(200, 204).map(value).sort())
  })
})

// Expectations

async function wait(what, condition, limit = 30_000) {
  const deadline = Date.now() + limit
  while (!(await condition())) {
    ok(Date.now() < deadline, `${what} within ${limit / 1000} s`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

// The error below those that tell of retries and of several requests.
function root(error) {
  const inner = error.errors?.[0] ?? error.cause
  return inner ? root(inner) : error
}

async function fails(type, action) {
  try {
    await action()
  } catch (e) {
    strictEqual(root(e).type, type, e)
    return
  }
  throw new Error(`expected ${type}, found success`)
}

async function main() {
  for (const [name, action] of cases) {
    if (only && only !== name) continue
    const start = Date.now()
    let verdict = 'pass'
    admin = kafka.admin()
    try {
      await admin.connect()
      await action(`kafkajs-${name}`)
    } catch (e) {
      verdict = 'fail'
      writeFileSync(join(logs, `kafkajs.${name}.log`), `${e.stack.slice(0, 4000)}\n`)
    }
    await admin.disconnect()
    console.log(`${name} ${verdict} ${Math.floor((Date.now() - start) / 1000)}`)
  }
}

main().catch(e => {
  console.error(e)
  process.exit(1)
})
