/* The slot and sleep/wake protocol of docs/protocol.md, for spin: CLIENTS clients with a slot each, one server, stores and
 * loads in one order for all, as Atomics have them. Any process may crash between any two of its steps, once in all.
 *
 * A client may give any call up, once in all. It keeps the slot until the late response came.
 *
 * Shown, in every interleaving: no request runs twice; a response that is taken is that of the call that waits for it; who
 * waits is not asleep for ever while what it waits for is there; a call whose server died before taking it never ran.
 *
 * LAST_LOOK_CLIENT, LAST_LOOK_SERVER, MARK and KEEP_SLOT can each be left out, which breaks the protocol; so does leaving
 * out CHECK_ID where KEEP_SLOT is left out too.
 */
#ifndef CLIENTS
#define CLIENTS 2
#endif
#ifndef CALLS
#define CALLS 2
#endif

#define EMPTY 0
#define READY 1
#define PROCESSING 2
#define ANSWERED 3

#define IDS 5 /* CALLS + 2 */

/* The slots, as they stand in memory. */
byte status[CLIENTS];    /* of the request */
byte requestId[CLIENTS];
byte response[CLIENTS];  /* its status */
byte responseId[CLIENTS];

/* The control page. */
bit serverSleeps;
bit clientSleeps[CLIENTS];

/* Doorbells count as eventfd does: rung or not. */
bit serverBell;
bit clientBell[CLIENTS];

/* What really happened. */
byte runs[CLIENTS * IDS];
bool clientDead[CLIENTS];
bool serverDead;
bool crashed;
bool gaveUp;
byte busy[CLIENTS]; /* the call that the client waits for; 0 for none */

#define RUNS(c, id) runs[(c) * IDS + (id)]

inline mayCrash(dead) {
  if
  :: !crashed -> crashed = true; dead = true
  :: true
  fi
}

proctype Client(byte me) {
  byte id = 0;
  byte found;
  byte got;
  byte expected;
  do
  :: id + me < CALLS && !clientDead[me] -> /* one call fewer for each further client: it keeps the states within a few millions */
    id++;
    /* Payload and id, then the status. Publishes: request. */
    requestId[me] = id;
    busy[me] = id;
    status[me] = READY;
    mayCrash(clientDead[me]);
    if
    :: clientDead[me] -> break
    :: else
    fi;
    if
    :: serverSleeps -> serverBell = 1
    :: else
    fi;
    expected = id;
waiting:
    if
    :: !gaveUp && expected != 0 ->
      gaveUp = true;
      expected = 0;
      busy[me] = 0
#ifndef KEEP_SLOT
      ;
      goto free
#endif
    :: true
    fi;
    /* Sleeping: the own word, then one more look. */
    clientSleeps[me] = 1;
#ifdef LAST_LOOK_CLIENT
    found = response[me];
#else
    found = EMPTY;
#endif
    if
    :: found == EMPTY ->
      if
      :: clientBell[me] -> clientBell[me] = 0
      :: serverDead -> break /* the session has ended: whether the call ran, its status tells */
      fi
    :: else
    fi;
    clientSleeps[me] = 0;
    found = response[me]; /* Observes: response. */
    if
    :: found == EMPTY -> goto waiting
    :: else
    fi;
    got = responseId[me];
    response[me] = EMPTY;
    if
    :: expected == 0 /* nobody's: dropped, and the slot is free */
    :: else ->
#ifdef CHECK_ID
      if
      :: got != expected -> goto waiting
      :: else
      fi;
#endif
      assert(got == expected);
      assert(RUNS(me, expected) == 1)
    fi;
    busy[me] = 0;
free:
    skip
  :: else -> break
  od;
  /* A server that died before taking it has not run it: what a client whose home is gone may tell. */
  if
  :: serverDead && busy[me] != 0 && status[me] == READY -> assert(RUNS(me, busy[me]) == 0)
  :: else
  fi
}

proctype Server() {
  byte c;
  byte id;
  bool worked;
  byte last[CLIENTS];
  do
  :: !serverDead ->
    worked = false;
    c = 0;
    do
    :: c < CLIENTS && !serverDead ->
      if
      :: status[c] == READY -> /* Observes: request. */
        worked = true;
        id = requestId[c];
#ifdef MARK
        status[c] = PROCESSING;
#endif
        mayCrash(serverDead);
        if
        :: serverDead -> break
        :: else
        fi;
        /* Ids rise, so nothing runs twice. */
        if
        :: id > last[c] ->
          last[c] = id;
          RUNS(c, id) = RUNS(c, id) + 1;
          assert(RUNS(c, id) == 1);
          mayCrash(serverDead);
          if
          :: serverDead -> break
          :: else
          fi;
          responseId[c] = id;
          response[c] = ANSWERED; /* Publishes: response. */
          if
          :: clientSleeps[c] -> clientBell[c] = 1
          :: else
          fi
        :: else
        fi
      :: else
      fi;
      c++
    :: else -> break
    od;
    if
    :: worked || serverDead
    :: else ->
      serverSleeps = 1;
#ifdef LAST_LOOK_SERVER
      c = 0;
      do
      :: c < CLIENTS && status[c] != READY -> c++
      :: else -> break
      od;
#else
      c = CLIENTS;
#endif
      if
      :: c < CLIENTS
      :: else ->
end_asleep:
        serverBell == 1;
        serverBell = 0
      fi;
      serverSleeps = 0
    fi
  :: else -> break
  od
}

init {
  byte i = 0;
  atomic {
    run Server();
    do
    :: i < CLIENTS -> run Client(i); i++
    :: else -> break
    od
  }
}
