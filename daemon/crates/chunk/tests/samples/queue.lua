#!/usr/bin/env lua
-- Queues of jobs.
-- Backed by tables.

local json = require("json")
local insert = table.insert

local VERSION = "1.0"
local defaults = {
  size = 10,
  on_full = function(queue)
    error("full: " .. queue.name)
  end,
  hooks = {
    before = function() end,
  },
}

---@class Queue
---@field name string
local Queue = {}
Queue.__index = Queue
local Special = setmetatable({}, { __index = Queue })

local M = {}
M.version = VERSION
M.queues = {}

--- Makes a queue.
---@param name string
---@return Queue
function Queue.new(name, ...)
  local items = {}
  local function grow(by)
    return #items + by
  end
  return setmetatable({ name = name, items = items, size = grow(0) }, Queue)
end

--[[
  Adds a job at the end.
]]
function Queue:push(job)
  insert(self.items, job)
  return self
end

function Queue.stats.counters:reset()
  self.total = 0
end

function Queue:empty() end

--[==[ Takes the first. ]==]
M.take = function(queue)
  return table.remove(queue.items, 1)
end

local function helper(x)
  return x
end

local twice = function(x)
  return helper(x) * 2
end

function global_one(a, b)
  return a + b
end

-- Settings.
LIMIT = 5
timeout, retries = 10, 3

M.handlers = {
  ["on-start"] = function() return true end,
  ["a.b"] = function() return false end,
  stop = function(reason)
    return reason
  end,
  nested = {
    deep = function()
      local state = {}
      return state
    end,
  },
}

return {
  open = function(name)
    return Queue.new(name)
  end,
  json = json,
  special = Special,
}
