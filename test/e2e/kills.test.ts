import { expect, inject, onTestFinished, test } from 'vitest';
import storefront from '../../src/pipelines/storefront.ts';
import { random } from '../../src/producer/random.ts';
import { type Command, command, scalestream } from '../support/e2e-command.ts';
import { redeliver } from '../support/e2e-redeliver.ts';
import { counted, scene } from '../support/e2e-scene.ts';
import { booked, trade } from '../support/e2e-trade.ts';
import { sqsProxy } from '../support/sqs-proxy.ts';

const PIPELINE = 'src/pipelines/storefront.ts';
const KILLS = 20;
/** Sent before each kill: more than two workers take, with their small credit, until the call at which one of them dies. */
const SLICE = 200;
const PACK = 10;
