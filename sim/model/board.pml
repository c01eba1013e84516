/* The slots layout of docs/protocol.md as bridge/ has it where all see the same memory, for spin: the board (SlotBoard,
 * EntryRing), the server (ServeLoop, SlotScheduler, SlotsServerPath), clients (SlotsClientPath, CallLane, AnswerWatch,
 * BlockingWait), and how both sleep (DoorbellSleeper, Waker). Without fragments and streams.
 *
 * Client 0 has two slots, calls in the event loop and, beside that, by callSync, and may give a call up, once (not
 * with NONE_GIVEN_UP). Client 1 has one slot. Any process may crash between any two steps, once in all (with ONE_MISHAP, if
 * no call is given up). The home hears of a client's end in its event loop, frees its slots, and later gives them to a new
 * client, of the same number.
 *
 * A step is one load or store that others can tell from its neighbours, with what is private about it; all are in one order,
 * as Atomics are. Plain stores and loads stand in the step of the entry that orders them. How long one looks before one
 * sleeps, whose turn it is for how long, and how often a seat may be silent are left open: anything may happen. What
 * clock.nextTurn() is asked for comes at once.
 *
 * A sleep's number is never that of another: so instead of it stands whether a waker has rung for the sleep that is now.
 *
 * Shown, in every interleaving: nobody waits for ever, so no wake-up and no request is lost; nothing runs twice; a call gets
 * its own answer; a call that the dead server had not marked has not run; who has a slot has it alone; a new client finds
 * nothing of the one before; no ring runs full, though they are as short as calls allow.
 *
 * Each macro that board.test.ts names leaves something out, or does it too late, which breaks that.
 */

/* How many calls client 0, client 1 (0: there is none) and whoever comes after a dead one make. */
#ifndef CALLS0
#define CALLS0 2
#endif
#ifndef CALLS1
#define CALLS1 0
#endif
#ifndef CALLS2
#define CALLS2 2
#endif
#define IDS 8 /* more than all these */

/* Client 1 is one that looks for its answer until it is there, and gets it in the server's turn. */
#ifdef PLAIN1
#define SLEEPS (me == 0)
#define LASTS (CLIENT(s) == 0)
#else
#define SLEEPS true
#define LASTS true
#endif

#define CLIENTS 2
#define SLOTS 3
#define FIRST(c) ((c) * 2)
#define COUNT(c) (2 - (c))
#define CLIENT(slot) ((slot) / 2)

/* Where a number of a slot may stand: there is none, or whichever is free next is waited for. */
#define NONE 3
#define OTHERS 2

/* Statuses of a slot. */
#define EMPTY 0
#define READY 1
#define PROCESSING 2
#define ANSWERED 3

/* An entry: a slot's number among the client's own, from 1, and above it what to do. */
#define CANCEL 4
#define PLACE(entry) (((entry) & 3) - 1)

/* The payload of a response; that of a request is its id. */
#define RESPONSE(id) ((id) + IDS)

/* The arena: what stands in each slot. */
byte status[SLOTS];
byte header[SLOTS]; /* the id */
byte payload[SLOTS];

/* The board. */
bit clientSleeps[CLIENTS];
byte submissions[3 * SLOTS];
byte completions[SLOTS];
bit clientCalls[CLIENTS];
bit somebodyCalls;

#define SUBMISSIONS(c) (3 * COUNT(c))
#define COMPLETIONS(c) COUNT(c)
#define SUBMITTED(c, at) submissions[3 * FIRST(c) + at]
#define COMPLETED(c, at) completions[FIRST(c) + at]

/* The control page. */
bit serverSleeps;

/* Doorbells count as eventfd does: rung or not. */
bit serverBell;
bit clientBell[CLIENTS];

/* Waker.#rungFor: whether it is the sleep that is now. */
bit rungServer[CLIENTS]; /* by the client */
bit rungClient[CLIENTS]; /* by the server */

/* The ids of a client's session: so many, above the base. */
byte base[CLIENTS];
byte calls[CLIENTS];

/* What really happened. */
bool ran[IDS];
bool dead[CLIENTS];
bool serverDead;
bool crashed;
bool gaveUp;

/* Of use within a step only. */
hidden byte slot, k, answered;

/* EntryRing.push() */
inline push(word, at, length, entry) {
  assert(word == 0);
  word = entry;
  at = (at + 1) % length
}

/* ---- A client. */

#define ANSWER COMPLETED(me, in)
#define QUIET (call[0] == 0 && call[1] == 0)
#define HAS_FREE (call[0] == 0 || call[COUNT(me) - 1] == 0)
#define SERVER_WAITS (serverSleeps && !rungServer[me])

/* Of who writes to a slot, or reads it: that it is as whoever has it has left it. */
#ifdef LATE_ANSWER_OF_AN_ABANDONED_SLOT
#define STANDS(condition) skip
#define NONSENSE (status[FIRST(turn) + PLACE(ENTRY)] != READY || header[FIRST(turn) + PLACE(ENTRY)] <= last[turn])
#else
#define STANDS(condition) assert(condition)
#endif

inline write() {
  STANDS(status[slot] == EMPTY);
  header[slot] = id;
  payload[slot] = id;
  status[slot] = READY
}

/* SlotsClientPath.post() */
inline post() {
  id++;
  place = (call[0] == 0 -> 0 : 1);
  call[place] = id;
  slot = FIRST(me) + place;
#ifndef ENTRY_BEFORE_PAYLOAD
  write();
#endif
  push(SUBMITTED(me, out), out, SUBMISSIONS(me), place + 1) /* Publishes: request. */
}

/* SlotsClientPath.next(), of what is there, and take() of the slot that it names. */
inline take() {
  k = PLACE(ANSWER);
  ANSWER = 0;
  in = (in + 1) % COMPLETIONS(me);
  slot = FIRST(me) + k;
  STANDS(status[slot] == ANSWERED && header[slot] == call[k]);
  if
  :: call[k] == 0
  :: else ->
     assert(payload[slot] == RESPONSE(call[k]));
     assert(ran[call[k]])
  fi;
  status[slot] = EMPTY;
  call[k] = 0
}

inline giveUp() {
  gaveUp = true;
#ifdef ONE_MISHAP
  crashed = true
#endif
}

/* CallLane.giveUp(), abandonBlocking(): the slot is not free before the late answer has come. */
inline cancel(which) {
#if defined(ABANDONED_SLOT_GIVEN_AWAY) || defined(LATE_ANSWER_OF_AN_ABANDONED_SLOT)
  call[which] = 0;
#endif
  place = NONE;
  push(SUBMITTED(me, out), out, SUBMISSIONS(me), CANCEL | (which + 1))
}

/* DoorbellSleeper.arm(): with another number, unless a stale word happens to have the same. */
inline arm() {
  clientSleeps[me] = 1;
#ifdef SLEEP_OF_THE_DEAD_LEFT
  rungClient[me] = rungClient[me] && stale[me];
  stale[me] = 0
#else
  rungClient[me] = 0
#endif
}

inline disarm() {
  clientSleeps[me] = 0;
  rungClient[me] = 0
}

/* AnswerWatch.begin() behind a call; CallLane.rest() behind a callSync that has slept. */
inline goOn() {
  looking = looking || place != NONE || waited;
  place = NONE;
  waited = 0
}

inline forget() {
  id = 0; call[0] = 0; call[1] = 0; out = 0; in = 0; place = NONE; blocking = NONE; waited = 0; looking = 0
}

#ifdef ONE_MISHAP
#define CRASHES !crashed -> crashed = true; gaveUp = true
#else
#define CRASHES !crashed -> crashed = true
#endif
#define DIES d_step { CRASHES; dead[me] = true; forget() }; goto gone

#ifdef SLEEP_OF_THE_DEAD_LEFT
bit stale[CLIENTS];
#endif

proctype Client(byte me) {
  byte id;      /* RequestIds */
  byte call[2]; /* CallSlots: the ids of those in the slots */
  byte out;
  byte in;
  byte place = NONE;    /* of the request that is told of; none where that is a cancellation */
  byte blocking = NONE; /* CallLane.#blocking */
  bit waited;           /* callSync has slept */
  bit looking;          /* AnswerWatch.#looking */

  id = base[me];

  /* ---- The event loop: whatever may be next. */
idle:
  if
  :: d_step { id < base[me] + calls[me] && HAS_FREE -> post() };
#ifdef ENTRY_BEFORE_PAYLOAD
     d_step { slot = FIRST(me) + place; write() };
#endif
     goto tell
  /* RpcClient.#finishOthersSync(): callSync waits for a slot, behind others' answers. */
  :: d_step { me == 0 && id < base[me] + calls[me] && !HAS_FREE -> blocking = OTHERS }; goto sync
  :: d_step { me == 0 && !gaveUp && call[0] != 0 -> giveUp(); cancel(0) }; goto tell
  :: d_step { me == 0 && !gaveUp && call[1] != 0 -> giveUp(); cancel(1) }; goto tell
  /* DoorbellSleeper.onRing(), AnswerWatch.advance() */
  :: d_step { clientBell[me] && looking -> clientBell[me] = 0 }; goto idle
  :: d_step { clientBell[me] && !looking && !QUIET -> clientBell[me] = 0; disarm(); looking = 1 }; goto idle
  /* AnswerWatch.#lookOnce() */
  :: d_step { looking && ANSWER != 0 -> take(); looking = !QUIET }; goto idle /* Observes: response. */
  /* AnswerWatch.sleep() */
  :: d_step { looking && SLEEPS -> looking = 0; arm() }
  :: d_step { id == base[me] + calls[me] && QUIET -> looking = 0 }; goto finished
  :: serverDead -> goto over
  :: DIES
  fi;
#ifndef CLIENT_SLEEPS_WITHOUT_A_LAST_LOOK
  if
  :: d_step { ANSWER != 0 -> looking = 1 }
  :: ANSWER == 0
  :: DIES
  fi;
#endif
  goto idle;

  /* ---- SlotBoard.call() */
tell:
  if
  :: clientCalls[me] == 0 ->
#ifndef CLIENT_DOES_NOT_CALL
     if
     :: clientCalls[me] = 1
     :: DIES
     fi;
#endif
#ifndef GROUP_DOES_NOT_CALL
     if
     :: somebodyCalls = 1
     :: DIES
     fi
#endif
  :: clientCalls[me] != 0
  :: DIES
  fi;

  /* ---- Waker.wake() */
  if
  :: d_step { SERVER_WAITS -> rungServer[me] = 1 };
     if
     :: d_step { serverBell = 1; goOn() }; goto idle
     :: d_step { me == 0 && place != NONE -> serverBell = 1; blocking = place; place = NONE }
     :: DIES
     fi
  :: d_step { !SERVER_WAITS -> goOn() }; goto idle
  :: d_step { me == 0 && place != NONE && !SERVER_WAITS -> blocking = place; place = NONE }
  :: DIES
  fi;

  /* ---- RpcClient.callSync(): looks, and takes what comes, others' answers too. */
sync:
  if
  :: d_step { ANSWER != 0 && PLACE(ANSWER) != blocking && blocking != OTHERS -> take() }; goto sync /* Observes: response. */
  :: d_step { ANSWER != 0 && (PLACE(ANSWER) == blocking || blocking == OTHERS) ->
       take();
       blocking = NONE;
#ifndef OTHERS_LEFT_ASLEEP_BY_CALLSYNC
       looking = looking || waited; /* RpcClient.#waitSync(), CallLane.rest() */
#endif
       looking = looking && !QUIET;
       waited = 0
     };
     goto idle
  /* BlockingWait.#sleep() */
  :: d_step { waited = 1; arm() }
  :: DIES
  fi;
look:
  if
#ifdef THREAD_BLOCKS_WITHOUT_A_LAST_LOOK
  :: true ->
#else
  :: ANSWER == 0 ->
#endif
block:
     if
#ifdef THREAD_SLEEPS_ON_WITHOUT_ARMING
     :: d_step { clientBell[me] -> clientBell[me] = 0 };
#else
     :: d_step { clientBell[me] -> clientBell[me] = 0; arm() };
#endif
        if
        :: ANSWER == 0 -> goto block
        :: d_step { ANSWER != 0 -> disarm() }; goto sync
        :: DIES
        fi
     /* The deadline has passed. */
     :: d_step { !gaveUp && blocking != OTHERS -> giveUp(); disarm() };
        if
        :: d_step { cancel(blocking); blocking = NONE }; goto tell
        :: DIES
        fi
     :: serverDead -> goto over
     :: DIES
     fi
  :: d_step { ANSWER != 0 -> disarm() }; goto sync
  :: DIES
  fi;

  /* ---- CallLane.#onLeaseEnd(): a request that was not taken has not run, and its caller is told so. */
over:
  if
  :: d_step {
       true ->
       for (k : 0 .. COUNT(me) - 1) {
         assert(call[k] == 0 || status[FIRST(me) + k] != READY || !ran[call[k]])
       };
       forget()
     }
  fi;

finished:
end_finished:
  if
  :: DIES
  fi;

  /* ---- Another takes its place. */
gone:
end_gone:
  if
  :: d_step {
       !dead[me] ->
       id = base[me];
       for (k : FIRST(me) .. FIRST(me) + COUNT(me) - 1) {
         assert(status[k] == EMPTY && header[k] == 0 && payload[k] == 0)
       }
     }
  fi;
  goto idle
}

/* ---- The server, and the home, in one thread. */

#define ENTRY SUBMITTED(turn, in[turn])
#define ROUND (inRound[0] -> 0 : (inRound[1] -> 1 : CLIENTS))
#define NEXT (turn == 0 && inRound[1] -> 1 : CLIENTS)
#define IDLE (turn == CLIENTS)
#define POLLS (IDLE && !asleep && !serverSleeps)
#define CLIENT_WAITS (clientSleeps[CLIENT(s)] && !rungClient[CLIENT(s)])

#ifdef PROCESSING_MARK_OMITTED
#define MARKED READY
#else
#define MARKED PROCESSING
#endif

inline serverArm() {
  serverSleeps = 1;
  rungServer[0] = 0;
  rungServer[1] = 0
}

inline serverDisarm() {
  serverSleeps = 0;
  rungServer[0] = 0;
  rungServer[1] = 0
}

/* SlotsServerPath.#attendStatus(), #takeRequest(): nothing is to be refused. */
inline hear() {
  s = FIRST(turn) + PLACE(ENTRY);
  ENTRY = 0;
  in[turn] = (in[turn] + 1) % SUBMISSIONS(turn);
  STANDS(serving[s] == 0 && status[s] == READY);
  assert(header[s] > last[turn] && header[s] <= base[turn] + calls[turn]);
  assert(payload[s] == header[s]);
  last[turn] = header[s];
  serving[s] = header[s];
  status[s] = MARKED
}

inline handle() {
  assert(!ran[serving[s]]);
  ran[serving[s]] = true
}

inline fill() {
  header[s] = answered;
  payload[s] = RESPONSE(answered);
  status[s] = ANSWERED
}

inline pushAnswer(c) {
  push(COMPLETED(c, out[c]), out[c], COMPLETIONS(c), s - FIRST(c) + 1) /* Publishes: response. */
}

/* RpcServer.#settle(), SlotsServerPath.respond(): the slot stands as the request was taken. */
inline respond(which) {
  s = which;
  STANDS(status[s] == MARKED && header[s] == serving[s] && payload[s] == serving[s]);
  answered = serving[s];
  serving[s] = 0;
#ifndef RESPONSE_TOLD_OF_BEFORE_IT_IS_THERE
  fill();
#endif
#ifndef ANSWER_STORED_BEHIND_THE_LOOK_AT_THE_SLEEPER
  pushAnswer(CLIENT(s));
#endif
  asleep = 0
}

/* HomeLease.freeSlots(): SlotScheduler.remove(), SlotBoard.wipe(), SlotFrames.wipe(). Handlers that go on answer nobody. */
inline free(c) {
  seated[c] = 0; inRound[c] = 0; in[c] = 0; out[c] = 0; last[c] = 0;
  for (k : 0 .. COUNT(c) - 1) {
#ifndef DEAD_ARE_ANSWERED
    serving[FIRST(c) + k] = 0;
#endif
#ifndef SLOTS_NOT_WIPED
    status[FIRST(c) + k] = EMPTY;
    header[FIRST(c) + k] = 0;
    payload[FIRST(c) + k] = 0;
#endif
    COMPLETED(c, k) = 0
  }
#ifndef BOARD_NOT_WIPED
  for (k : 0 .. SUBMISSIONS(c) - 1) {
    SUBMITTED(c, k) = 0
  }
  clientCalls[c] = 0;
#endif
#ifndef SLEEP_OF_THE_DEAD_LEFT
  clientSleeps[c] = 0;
#endif
  for (k : base[c] + 1 .. base[c] + calls[c]) {
    ran[k] = false /* Ids below those of the seat are refused. */
  }
}

/* HomeLease.assignSlots(), LocalServerPort.addClient(): another session, other doorbells. */
inline attach(c) {
  seated[c] = 1;
  base[c] = CALLS0 + CALLS1;
  calls[c] = CALLS2;
  last[c] = base[c];
#ifdef SLEEP_OF_THE_DEAD_LEFT
  stale[c] = clientSleeps[c];
#else
  clientSleeps[c] = 0;
#endif
  clientBell[c] = 0;
  rungServer[c] = 0;
  rungClient[c] = 0;
  dead[c] = false
}

inline serverForgets() {
  turn = CLIENTS; s = 0; asleep = 0; seated[0] = 0; seated[1] = 0;
  inRound[0] = 0; inRound[1] = 0; in[0] = 0; in[1] = 0; out[0] = 0; out[1] = 0; last[0] = 0; last[1] = 0;
  serving[0] = 0; serving[1] = 0; serving[2] = 0
}
#define SERVER_DIES d_step { CRASHES; serverDead = true; serverForgets() }; goto gone

#ifdef SLOTS_FREED_WHILE_THE_CLIENT_LIVES
#define GONE(c) (seated[c] && base[c] != CALLS0 + CALLS1)
#else
#define GONE(c) (seated[c] && dead[c])
#endif

proctype Server() {
  byte turn = CLIENTS; /* SlotScheduler.#at: whose turn it is in a round, or nobody's */
  byte s;              /* the slot that is attended to */
  bit seated[CLIENTS];
  bit inRound[CLIENTS];
  byte in[CLIENTS];
  byte out[CLIENTS];
  byte last[CLIENTS]; /* SessionIds */
  byte serving[SLOTS]; /* the ids of calls whose handlers run */
  bit asleep;

  d_step { seated[0] = 1; seated[1] = 1; last[0] = base[0]; last[1] = base[1] };
end_asleep:
  if
  /* ---- The event loop: ServeLoop.#startSlice() of who was rung; handlers that are done; sessions that end and begin. */
  :: d_step { IDLE && serverBell -> serverBell = 0; asleep = 0; serverDisarm() }
  :: d_step { IDLE && serving[0] != 0 -> respond(0) }; goto wake
  :: d_step { IDLE && serving[1] != 0 -> respond(1) }; goto wake
  :: d_step { IDLE && serving[2] != 0 -> respond(2) }; goto wake
  :: d_step { IDLE && GONE(0) -> free(0) }
  :: d_step { IDLE && GONE(1) -> free(1) }
  :: d_step { IDLE && !seated[0] -> attach(0) }
  :: d_step { IDLE && !seated[1] -> attach(1) }
  /* ServeLoop.handlerSettled(), #continueSlice() */
  :: d_step { IDLE && !asleep && serverSleeps -> serverDisarm() }
  /* ServeLoop.#sleep() */
  :: d_step { POLLS -> serverArm(); turn = ROUND }; goto ready

  /* ---- SlotScheduler.next(): a round, before which #admit() looks who calls. */
#ifdef GROUP_CLEARED_BEHIND_THE_LOOK
  :: POLLS && somebodyCalls ->
#else
  :: d_step { POLLS && somebodyCalls -> somebodyCalls = 0 }; /* Observes: caller. */
#endif
     if
     :: d_step {
          inRound[0] = inRound[0] || (clientCalls[0] && seated[0]);
          inRound[1] = inRound[1] || (clientCalls[1] && seated[1]);
          turn = ROUND
        }
     :: SERVER_DIES
     fi
#ifdef GROUP_CLEARED_BEHIND_THE_LOOK
     ;
     somebodyCalls = 0
#endif
  :: d_step { POLLS && !somebodyCalls && ROUND != CLIENTS -> turn = ROUND }
#ifdef LATE_ANSWER_OF_AN_ABANDONED_SLOT
  :: d_step { !IDLE && ENTRY != 0 && ENTRY < CANCEL && NONSENSE -> ENTRY = 0; in[turn] = (in[turn] + 1) % SUBMISSIONS(turn) }
#else
#define NONSENSE false
#endif
  :: d_step { !IDLE && ENTRY != 0 && ENTRY < CANCEL && !NONSENSE -> hear() }; /* Observes: request. */
     if
     :: d_step { handle(); respond(s) }; goto wake
     :: d_step { LASTS -> handle(); s = 0 }
     :: SERVER_DIES
     fi
  :: d_step { !IDLE && ENTRY >= CANCEL -> ENTRY = 0; in[turn] = (in[turn] + 1) % SUBMISSIONS(turn) }
  :: d_step { !IDLE && ENTRY == 0 -> turn = NEXT }
  /* #giveUp() */
#ifdef CLIENT_GIVEN_UP_WHILE_IT_CALLS
  :: !IDLE ->
#else
  :: d_step { !IDLE -> clientCalls[turn] = 0 }; /* Publishes: resting. */
#endif
#ifdef CLIENT_GIVEN_UP_WITHOUT_A_LAST_LOOK
     d_step { inRound[turn] = 0; turn = NEXT }
#else
     if
     :: ENTRY != 0 ->
        if
        :: clientCalls[turn] = 1
        :: SERVER_DIES
        fi
     :: d_step { ENTRY == 0 -> inRound[turn] = 0; turn = NEXT }
     :: SERVER_DIES
     fi
#endif
  :: SERVER_DIES
  fi;
  goto end_asleep;

  /* ---- Waker.wake() */
wake:
#ifdef RESPONSE_TOLD_OF_BEFORE_IT_IS_THERE
  if
  :: d_step { answered = header[s]; fill() }
  fi;
#endif
  if
  :: d_step { CLIENT_WAITS -> rungClient[CLIENT(s)] = 1 };
#ifdef ANSWER_STORED_BEHIND_THE_LOOK_AT_THE_SLEEPER
     d_step { pushAnswer(CLIENT(s)) };
#endif
     if
     :: d_step { clientBell[CLIENT(s)] = 1; s = 0 }
     :: SERVER_DIES
     fi
#ifdef ANSWER_STORED_BEHIND_THE_LOOK_AT_THE_SLEEPER
  :: !CLIENT_WAITS -> d_step { pushAnswer(CLIENT(s)); s = 0 }
#else
  :: d_step { !CLIENT_WAITS -> s = 0 }
#endif
  :: SERVER_DIES
  fi;
  goto end_asleep;

  /* ---- SlotScheduler.ready: the last look before sleeping. */
ready:
  if
#ifdef SERVER_SLEEPS_WITHOUT_A_LAST_LOOK
  :: d_step { turn = CLIENTS; asleep = 1 }; goto end_asleep
#else
  :: d_step { !IDLE && ENTRY != 0 -> turn = CLIENTS; serverDisarm() }; goto end_asleep
  :: d_step { !IDLE && ENTRY == 0 -> turn = NEXT }; goto ready
  :: d_step { IDLE && somebodyCalls -> serverDisarm() }; goto end_asleep
  :: d_step { IDLE && !somebodyCalls -> asleep = 1 }; goto end_asleep
#endif
  :: SERVER_DIES
  fi;

gone:
  skip
}

init {
  atomic {
    base[1] = CALLS0;
    calls[0] = CALLS0;
    calls[1] = CALLS1;
    /* Who may still die, or give up, is never seen to wait for ever: there are runs in which nobody does. */
#ifdef ONE_MISHAP
    if
    :: crashed = true; gaveUp = true
    :: true
    fi;
#elif defined(NONE_GIVEN_UP)
    gaveUp = true;
    if
    :: crashed = true
    :: true
    fi;
#else
    if
    :: crashed = true
    :: true
    fi;
    if
    :: gaveUp = true
    :: true
    fi;
#endif
    run Server();
    run Client(0);
#if CALLS1 > 0
    run Client(1)
#endif
  }
}
