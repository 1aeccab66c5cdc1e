import { beforeEach, expect, it } from 'vitest';
import { Delivery } from '../../src/upstream/delivery.js';
import { Relief } from '../../src/upstream/relief.js';
import { Route } from '../../src/upstream/route.js';

const PREFETCH = 200;
const nothing = { ack() {}, refuse() {} };

let relief: Relief;
let routes: Route[];
let gave: string[];

beforeEach(() => {
  relief = new Relief();
  routes = [];
  gave = [];
});

const held = () => routes.reduce((sum, route) => sum + route.held, 0);

/** A destination whose taker holds so many messages, and gives them back when it is told to. */
function route(key: string, count: number): Route {
  const one = new Route(key, nothing);
  one.held = count;
  one.takers.push({
    deliver() {},
    yield() {
      gave.push(key);
      while (one.held > 0) one.refuse(0);
    },
  });
  routes.push(one);
  return one;
}

function look(times: number, meanwhile = () => {}): void {
  for (let i = 0; i < times; i++) {
    relief.look(routes, PREFETCH, held);
    meanwhile();
  }
}

it('those who hold much for long are made to give it back, those with most first, until half is free', () => {
  route('a.x', 50);
  route('b.x', 60);
  route('c.x', 40);
  route('d.x', 30);
  look(8);
  expect(gave).toEqual([]);
  look(1);
  // 180 were held; without 60 and 50 it is half or less.
  expect(gave).toEqual(['b.x', 'a.x']);
  look(30);
  expect(gave).toHaveLength(2);
});

it('a user is all of its destinations', () => {
  route('a.x', 50);
  route('b.x', 40);
  route('b.y', 40);
  look(9);
  expect(gave).toEqual(['b.x', 'b.y']);
});

it('nobody is who settles what comes, however much is on its way', () => {
  const busy = route('busy.x', 150);
  look(100, () => {
    for (let i = 0; i < 20; i++) {
      busy.ack(0, new Delivery(busy, 0, 1));
      busy.held++;
    }
  });
  expect(gave).toEqual([]);
});

it('nobody is while half of it is free, nor when it was all free in between', () => {
  const one = route('a.x', 100);
  look(100);
  one.held = 150;
  look(8);
  one.held = 100;
  look(1);
  one.held = 150;
  look(8);
  expect(gave).toEqual([]);
  look(1);
  expect(gave).toEqual(['a.x']);
});

it('those who hold next to nothing are let be', () => {
  for (let i = 0; i < 150; i++) route(`u${i}.x`, 1);
  look(50);
  expect(gave).toEqual([]);
});
