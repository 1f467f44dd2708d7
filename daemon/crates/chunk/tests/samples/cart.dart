/// A shopping cart.
library shop.cart;

import 'dart:async';

part 'cart.g.dart';

/// The largest number of lines.
const maxLines = 100;
final logger = Logger('cart');
var _counter = 0, _misses = 1;

typedef Listener<T> = void Function(T value);

/// What can be bought.
@immutable
sealed class Item<T extends Object> extends Base with Priced implements Comparable<Item> {
  /// What it is called.
  final String name;
  static const int limit = 3;
  static final Map<String, Item> _known = {};
  late final String? note;
  int quantity = 1, reserved = 0;

  /// Makes one.
  const Item(this.name, {required this.quantity});
  Item.empty() : name = '', super.zero() {
    quantity = 0;
  }
  const Item.free(String name) : this(name, quantity: 0);
  factory Item.parse(String text) => _known[text]!;
  factory Item.cached(String name) {
    return _known.putIfAbsent(name, () => Item.empty());
  }
  factory Item.other() = _Other;

  /// What it costs.
  double get price => 1.0;
  set price(double value) {
    quantity = value.toInt();
  }

  // Orders by name.
  @override
  int compareTo(Item other) => name.compareTo(other.name);

  Future<List<T>> load<S>(int count, {String? from}) async {
    int half(int x) => x ~/ 2;
    final rest = half(count);
    return [];
  }

  Item operator +(Item other) => this;
  bool operator ==(Object other) => false;
  int operator [](int index) => index;

  static Item? find(String name) => _known[name];
  void abstractOne();
  external int native();
}

/// Adds a price.
mixin Priced on Base {
  double discount() => 0.5;
}

abstract interface class Store {
  Stream<Item> watch();
}

mixin class Both {}

class Alias = Base with Priced;

extension Words on String {
  List<String> get words => split(' ');
  String shout() => toUpperCase();
}

extension on int {
  int twice() => this * 2;
}

extension type ItemId(int value) {
  bool get isValid => value > 0;
}

/// How it is sent.
enum Shipping implements Comparable<Shipping> {
  /// By post.
  post(5),
  courier(1),
  pickup;

  const Shipping([this.days = 0]);
  final int days;

  int compareTo(Shipping other) => days - other.days;
}

int get total => _counter;
set total(int value) => _counter = value;

/// Runs it.
Future<void> main(List<String> arguments) async {
  void report(String line) {
    print(line);
  }
  report('done');
}

external int nativeTotal();
