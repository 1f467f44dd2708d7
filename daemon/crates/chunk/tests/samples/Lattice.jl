#!/usr/bin/env julia
# Walks on lattices of any dimension.

"""
    Lattice

Walks on a grid, and what they meet.
"""
module Lattice

using LinearAlgebra
import Base: show, length, +
export Walk, step!, @walked

include("boundary.jl")

"Steps taken before a walk is given up."
const MAX_STEPS = 10_000
const EAST, WEST = 1, -1
global verbose = false

"""
What moves.

Subtypes say how.
"""
abstract type Mover end
abstract type Charged{T<:Real} <: Mover end
primitive type Site 64 end

# Where a walker stands.
struct Point{N}
    at::NTuple{N,Int}
    "The colour."
    colour::Symbol
end

"A walk under way."
mutable struct Walk{N,T<:Real} <: Charged{T}
    here::Point{N}
    start::Point{N}

    Walk{N,T}(here) where {N,T} = new{N,T}(here, here)
    function Walk(here::Point{N}) where {N}
        return new{N,Float64}(here, here)
    end
end

@enum Direction north south east=3

Base.@kwdef struct Options
    seed::Int = 1
end

"""
    step!(walk, by=1; torus=false)

Takes one step.
"""
function step!(walk::Walk{N}, by::Int=1; torus::Bool=false) where {N}
    wrap(x) = mod(x, 10)
    function inner(x)
        return x + 1
    end
    walk.here = inner(wrap(by))
    return walk
end

@doc "Counts its steps." length(walk::Walk) = walk.n

# One more.
distance(a, b)::Int = abs(a - b)
distance(a) = distance(a, 0)
norm²(x::T) where {T<:Real} = x^2
a ⊕ b = a + b
+(a::Point, b::Point) = Point(a.at .+ b.at)
Base.show(io::IO, p::Point) = print(io, p.at)
Base.:(==)(a::Point, b::Point) = a.at == b.at
(w::Walk)(n) = step!(w, n)
square = x -> x^2

function Base.iterate(walk::Walk, state=1)
    state > 3 ? nothing : (walk, state + 1)
end

function (w::Walk)(a, b)
    w(a + b)
end

function undefined end

@inline function fast(x)
    x
end

@generated function generated(x)
    :(x)
end

"Runs the body and counts."
macro walked(body)
    quote
        $(esc(body))
    end
end

module Inner
    depth() = 2
    baremodule Core2
    end
end

if VERSION > v"1.9"
    newer() = true
else
    newer() = false
end

let counter = 0
    global next() = (counter += 1)
end

const Alias{T} = Vector{T}
const handler = function (x) x end

end # module
