# frozen_string_literal: true

# Queues of jobs.
#
# Backed by nothing but memory.

require "json"

module Work
  VERSION = "1.0"

  # Raised when closed.
  class Closed < StandardError; end

  # A queue.
  class Queue
    include Enumerable
    attr_reader :name

    DEFAULT_NAME = "default"

    class << self
      # The shared one.
      def shared
        @shared ||= new
      end
    end

    def self.open(name, &block)
      new(name).tap(&block)
    end

    # Makes a queue.
    def initialize(name = DEFAULT_NAME)
      @name = name
    end

    def push(job, *rest, priority: 0)
      # Jobs are kept in order.
      @jobs << job
      self
    end
    alias << push
    alias :append :push

    def empty? = @jobs.empty?

    def [](index)
      @jobs[index]
    end

    def name=(value)
      @name = value
    end

    def each
      return to_enum unless block_given?
      @jobs.each { |job| yield job }
    end

    private

    def hidden
    end
  end

  class Work::Nested::Deep
    def go; end
  end

  module_function

  def helper(x)
    x
  end
end

def top_level
  Work::Queue.open("x") { |q| q.push(1) }
end
