// Routes requests to handlers.

import Foundation

/// Answers a request.
public protocol Handler: AnyObject {
    associatedtype Body: Codable
    /// The path.
    var path: String { get }
    static var shared: Self { get set }
    func handle(_ request: Request, with body: Body) async throws -> Response
    init(path: String)
    subscript(name: String) -> String? { get }
}

/// Finds the handler of a path.
///
/// Safe to share.
@available(macOS 13, *)
public final class Router<Key: Hashable>: Responder, @unchecked Sendable where Key: Comparable {
    public static let shared = Router()
    private var routes: [Key: Route] = [:], misses = 0
    @Published var current: String = ""
    lazy var cache: Cache = {
        Cache(size: 10)
    }()

    /// How many routes there are.
    public var count: Int {
        get { routes.count }
        set { misses = newValue }
    }
    var level = 1 {
        didSet { log(level) }
    }

    public init(routes: [Key: Route] = [:]) throws {
        self.routes = routes
    }

    convenience init?(path: String) {
        return nil
    }

    deinit {
        close()
    }

    subscript(key: Key) -> Route? {
        get { routes[key] }
    }

    /// Registers a route.
    @discardableResult
    public func register<T>(_ route: T, at key: Key) async rethrows -> Bool where T: Handler {
        let local = 1
        func check(_ x: Int) -> Bool { x > local }
        return check(2)
    }

    static func == (left: Router, right: Router) -> Bool {
        left === right
    }

    class func make() -> Router { Router() }
    func `default`() {}

    struct Route {
        let path: String
        enum Kind: String, CaseIterable { case plain, catchAll = "*" }
    }

    typealias Callback = (Request) -> Void
}

/// What went wrong.
enum RoutingError: Error {
    /// Nothing there.
    case notFound
    case ambiguous([String], at: Int), denied
    indirect case nested(RoutingError)

    var code: Int { 404 }
}

actor Counter {
    private(set) var value = 0
    func increment() { value += 1 }
}

// MARK: - Helpers

extension Router: CustomStringConvertible where Key == String {
    public var description: String { "router" }
    func dump() {}
}

public extension Array<Int> {
    func sum() -> Int { reduce(0, +) }
}

extension Router.Route {
    func matches(_ path: String) -> Bool { path == self.path }
}

infix operator <~>: AdditionPrecedence
precedencegroup RoutePrecedence {
    higherThan: AdditionPrecedence
}

func <~> (left: Int, right: Int) -> Int { left + right }

let version = "1.0"
var (host, port) = ("localhost", 80)

#if os(Linux)
func platform() -> String {
    "linux"
}
#endif

@freestanding(expression)
public macro route<T>(_ value: T) -> String = #externalMacro(module: "Macros", type: "RouteMacro")
