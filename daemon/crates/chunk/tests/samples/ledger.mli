(** Accounts that never lose a cent. *)

(** {1 Kinds} *)

type kind = Cash | Bank of string
(** What an account may be. *)

type 'a entry = { amount : int; memo : 'a option }

(** Where entries are kept. *)
module type STORE = sig
  type key

  val find : key -> 'a list -> 'a option
end

module Memory : STORE with type key = int
module Make (S : STORE) : sig
  val total : int entry list -> int
  (** The sum of all amounts. *)
end

(** The most that one entry may move. *)
val limit : int

val post :
  ?memo:string ->
  strict:bool ->
  int entry list ->
  int ->
  int entry list
(** [post book amount] adds an entry. *)

external now : unit -> float = "ledger_now"
val ( >>= ) : 'a option -> ('a -> 'b option) -> 'b option
exception Overdrawn of int
type t = ..
type t += Opened of string
class virtual journal : string -> object
  method name : string
end
class type closable = object
  method close : unit
end
include STORE
