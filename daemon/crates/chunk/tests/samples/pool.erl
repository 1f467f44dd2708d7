%% Copyright (c) 2031, The Depot Authors

%% @doc Keeps a bounded number of workers.
%% Callers wait in turn.
-module(pool).
-behaviour(gen_server).

-export([start_link/1, checkout/1, checkout/2]).
-export_type([worker/0]).
-include("pool.hrl").
-import(lists, [map/2]).

-define(TIMEOUT, 5000).
%% Wraps a reply.
-define(REPLY(Value, State), {reply, Value, State}).

-record(state, {
    size = 0 :: non_neg_integer(),
    queue :: queue:queue(),
    'idle list' = []
}).

%% What does the work.
-type worker() :: pid() | {worker, node(), pid()}.
-opaque ticket(T) :: {T, reference()}.
-nominal meter() :: integer().

%% Called before a worker leaves.
-callback leaving(worker()) -> ok.
-optional_callbacks([leaving/1]).

%% @doc Starts a pool of that size.
-spec start_link(Size :: pos_integer()) -> {ok, pid()} | {error, term()}.
start_link(Size) when Size > 0 ->
    gen_server:start_link(?MODULE, [Size], []).

-spec checkout(pid()) -> worker().
checkout(Pool) ->
    checkout(Pool, ?TIMEOUT).

%% Waits that many milliseconds.
-spec checkout(pid(), timeout()) -> worker();
              (atom(), timeout()) -> worker().
checkout(Pool, infinity) ->
    gen_server:call(Pool, checkout, infinity);
checkout(Pool, Timeout) when is_integer(Timeout), Timeout > 0 ->
    Add = fun(A, B) -> A + B end,
    Fact = fun F(0) -> 1; F(N) -> N * F(N - 1) end,
    gen_server:call(Pool, checkout, Add(Timeout, Fact(0)));

checkout(_, _) ->
    error(badarg).

init([Size]) -> {ok, #state{size = Size}}.

handle_call(checkout, _From, #state{size = 0} = State) ->
    ?REPLY(none, State);
handle_call(checkout, _From, State) ->
    {reply, ok, State#state{size = State#state.size - 1}}.

'handle-odd'() -> ok.

-doc "Says how many are idle.".
-spec idle(pid()) -> non_neg_integer().
idle(Pool) ->
    gen_server:call(Pool, idle).

-ifdef(TEST).
-include_lib("eunit/include/eunit.hrl").

start_test_() ->
    [?_assertEqual(ok, ok)].
-endif.
