(** Accounts that never lose a cent.

    Amounts are whole numbers of the smallest coin. *)

open Printf
module Log = Logs

(** What an account may be. *)
type kind =
  | Cash  (** Coins and notes. *)
  | Bank of { iban : string; mutable balance : int }
  | Shared of kind * kind

type 'a entry = {
  amount : int; (** never negative *)
  memo : 'a option;
}
and 'a book = 'a entry list

type t = ..
type t += Opened of string
type id = private int

exception Overdrawn of int

(** Where entries are kept. *)
module type STORE = sig
  type key

  (** Looks one up. *)
  val find : key -> 'a book -> 'a entry option

  val ( ++ ) : 'a book -> 'a book -> 'a book
  exception Missing
  module Key : Map.OrderedType
end

module Memory : STORE with type key = int = struct
  type key = int

  let find key book = List.nth_opt book key
  let ( ++ ) = List.append

  exception Missing

  module Key = Int
end

(** Books that keep a total. *)
module Make (S : STORE) (K : sig type t end) = struct
  let total book = List.fold_left (fun sum entry -> sum + entry.amount) 0 book

  module Nested = struct
    let deep = 1
  end
end

module Ints = Make (Memory) (Int)

(* The most that one entry may move. *)
let limit = 1_000_000

let table : (string, int) Hashtbl.t = Hashtbl.create 16

(** [post ~memo book amount] adds an entry.
    @raise Overdrawn when there is not enough. *)
let post ?memo ~(strict : bool) book amount : _ book =
  let check n = if n < 0 then raise (Overdrawn n) in
  check amount;
  { amount; memo } :: book

let rec even n = n = 0 || odd (n - 1)
and odd n = n <> 0 && even (n - 1)

let show = function
  | Cash -> "cash"
  | Bank { iban; _ } -> iban
  | Shared _ -> "shared"

let curried = fun a b -> a + b
let%expect_test "posting" = print_string "ok"
let first, second = (1, 2)
let () = printf "%d\n" limit
let _unused = ()
let ( let* ) = Option.bind
let ( >>= ) m f = Option.bind m f

external now : unit -> float = "ledger_now"

class virtual ['a] journal (name : string) = object (self)
  inherit base
  val mutable entries : 'a entry list = []
  method name = name
  method virtual close : unit
  method private add (entry : 'a entry) = entries <- entry :: entries
  initializer self#add { amount = 0; memo = None }
end

and empty = object end

class type closable = object
  method close : unit
end

let make_counter () =
  object
    method next = 1
  end

let rec gadt : type a. a term -> a = fun term -> eval term
