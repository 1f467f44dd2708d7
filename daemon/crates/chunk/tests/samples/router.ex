# Routes requests to the handler that claims them.
defmodule Depot.Router do
  @moduledoc """
  Finds the handler of a request.

  Routes are tried in the order in which they were added.
  """

  use GenServer
  import Plug.Conn, only: [send_resp: 3]
  alias Depot.{Route, Table}

  @behaviour Depot.Handler

  # Routes kept at most.
  @max_routes 1_000
  @timeout :timer.seconds(5)

  @typedoc "A verb and the segments of a path."
  @type key :: {atom(), [String.t()]}
  @opaque state :: %{routes: [Route.t()]}
  @typep hits(a) :: %{a => non_neg_integer()}

  @doc "Called for each request."
  @callback handle(request :: term(), opts :: keyword()) :: {:ok, term()}
  @macrocallback __using__(opts :: keyword()) :: Macro.t()

  defstruct routes: [],
            hits: %{}

  @doc """
  Adds a route.

      iex> Depot.Router.add(%Depot.Router{}, :get, "/")
  """
  @doc since: "1.2.0"
  @spec add(t(), atom(), String.t()) :: t()
  def add(router, verb, path \\ "/")

  # Nothing but the root has an empty path.
  def add(router, verb, ""), do: add(router, verb, "/")

  def add(%__MODULE__{} = router, verb, path) when is_atom(verb) do
    %{router | routes: [{verb, split(path)} | router.routes]}
  end

  def add(router, routes) do
    Enum.reduce(routes, router, fn {verb, path}, acc -> add(acc, verb, path) end)
  end

  @impl true
  def init(_opts), do: {:ok, %{}}

  def size, do: 0
  def full?(), do: false

  @doc false
  def handle_call({:find, key}, _from, state) do
    {:reply, find(key, state), state}
  end

  @impl true
  def handle_call(:count, _from, state), do: {:reply, map_size(state), state}

  defp find(key, state) when is_map(state) do
    local = fn k -> Map.get(state, k) end
    local.(key)
  end

  defguardp is_verb(verb) when verb in [:get, :post]
  defguard is_key(key) when is_tuple(key) and tuple_size(key) == 2

  @doc "Declares a route at compile time."
  defmacro route(verb, path, do: block) do
    quote do
      def unquote(:"route_#{verb}")(unquote(path)), do: unquote(block)
    end
  end

  defmacrop debug(term), do: quote(do: IO.inspect(unquote(term)))

  defdelegate fetch(table, key), to: Table

  def left ~> right, do: {left, right}
  def unquote(:dynamic)(x), do: x

  for verb <- [:get, :post] do
    def unquote(verb)(path), do: path
  end

  defmodule Entry do
    @moduledoc false
    def new(fields), do: struct!(Depot.Route, fields)
  end

  defp split(path), do: String.split(path, "/", trim: true)
end

defprotocol Depot.Sizable do
  @doc "How much room it takes."
  @fallback_to_any true
  @spec size(t()) :: integer()
  def size(value)
end

defimpl Depot.Sizable, for: Depot.Route do
  def size(route), do: length(route.segments)
end

defimpl Depot.Sizable, for: [Map, List] do
  def size(_), do: 1
end

defmodule Depot.NotFound do
  defexception [:path, message: "no route"]

  @impl true
  def exception(path), do: %__MODULE__{path: path}
end

defmodule Depot.RouterTest do
  use ExUnit.Case, async: true

  describe "add/3" do
    test "keeps the order", %{router: router} do
      assert Depot.Router.add(router, :get, "/a")
    end
  end
end
