//! A pool of buffers.
//! Not thread safe.

const std = @import("std");
const Allocator = std.mem.Allocator;

/// Bytes in a page.
pub const page_size: usize = 4096;
const default_name = "pool";
pub var live: usize = 0;
threadlocal var last_error: ?[]const u8 = null;

/// What may go wrong.
pub const Error = error{
    Exhausted,
    Closed,
};

/// Keeps buffers.
pub const Pool = struct {
    allocator: Allocator,
    /// The free ones.
    free: std.ArrayList(*Buffer) = .empty,

    const Self = @This();
    pub const limit = 64;
    var instances: u32 = 0;

    /// Opens a pool.
    pub fn init(allocator: Allocator, options: struct { size: usize = page_size }) Self {
        const local = options.size;
        const Scratch = struct {
            fn clear() void {}
        };
        Scratch.clear();
        _ = local;
        return .{ .allocator = allocator };
    }

    pub fn deinit(self: *Self) void {
        self.free.deinit(self.allocator);
    }

    // Cheap.
    inline fn isEmpty(self: *const Self) bool {
        return self.free.items.len == 0;
    }

    pub const Buffer = extern struct {
        data: [*]u8,
        len: usize,

        pub fn slice(self: Buffer) []u8 {
            return self.data[0..self.len];
        }
    };

    test "inside" {
        try std.testing.expect(true);
    }
};

pub const State = enum(u8) {
    idle,
    busy,
    _,

    pub fn isIdle(self: State) bool {
        return self == .idle;
    }
};

pub const Value = union(enum) {
    number: f64,
    text: []const u8,

    pub const none: Value = .{ .number = 0 };
    pub fn format(self: Value) void {
        _ = self;
    }
};

const Handle = opaque {
    extern fn close(self: *Handle) void;
};

/// A list of any type.
pub fn List(comptime T: type) type {
    return struct {
        items: []T,

        pub fn append(self: *@This(), item: T) !void {
            _ = self;
            _ = item;
        }
    };
}

pub export fn pool_open(size: c_int) callconv(.c) c_int {
    return size;
}

extern "c" fn printf(format: [*:0]const u8, ...) c_int;

pub fn @"with a name"() void {}

fn compare(
    context: void,
    // the first
    a: u32,
    b: u32,
) bool {
    _ = context;
    return a < b;
}

test "opens and closes" {
    var pool = Pool.init(std.testing.allocator, .{});
    defer pool.deinit();
}

test compare {
    try std.testing.expect(compare({}, 1, 2));
}

comptime {
    const unused = 1;
    _ = unused;
}
