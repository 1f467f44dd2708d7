# Accounts, in every class system there is.

library(methods)

MAX_BALANCE <- 1e6
defaults <- list(currency = "EUR")
cache = new.env()

#' Adds two amounts.
#'
#' @param a,b Amounts.
#' @export
add <- function(a, b = 0) {
  check <- function(x) {
    stopifnot(is.numeric(x))
  }
  total <- a + b
  check(total)
  total
}

subtract = function(a, b) a - b

counter <<- function() 1

`%plus%` <- function(a, b) add(a, b)

"[.account" <- function(x, i) {
  x$rows[i]
}

`names<-.account` <- function(x, value) x

print.account <- function(x, ...) cat("account\n")

half <- \(x) x / 2

cache$clear <- function() {
  rm(list = ls(cache))
}

#' An account.
setClass("Account", representation(owner = "character", balance = "numeric"))

Savings <- setClass("Savings", contains = "Account", slots = c(rate = "numeric"))

setClassUnion("AnyAccount", c("Account", "Savings"))

#' Pays in.
setGeneric("deposit", function(account, amount) {
  standardGeneric("deposit")
})

setMethod("deposit", "Account", function(account, amount) {
  account@balance <- account@balance + amount
  account
})

setMethod("show", signature(object = "Account"), function(object) cat(object@owner))

setMethod(
  f = "+",
  signature = c("Account", "numeric"),
  definition = function(e1, e2) deposit(e1, e2)
)

Ledger <- setRefClass("Ledger",
  fields = list(entries = "list"),
  methods = list(
    record = function(entry) {
      entries[[length(entries) + 1]] <<- entry
    },
    size = function() length(entries)
  )
)

#' A stack of accounts.
Stack <- R6::R6Class("Stack",
  inherit = Base,
  public = list(
    items = NULL,
    #' @description Makes a stack.
    initialize = function(items = list()) {
      self$items <- items
    },
    push = function(x) {
      invisible(self)
    }
  ),
  private = list(
    secret = function() 42
  ),
  active = list(
    top = function(value) self$items[[1]]
  )
)

Range <- new_class("Range", properties = list(low = class_double))
span <- new_generic("span", "x")
method(span, Range) <- function(x) x@high - x@low

squares <- lapply(1:10, function(i) i^2)

tryCatch(add(1, 2), error = function(e) NULL)

if (interactive()) {
  greet <- function(name) {
    message("hello ", name)
  }
}
