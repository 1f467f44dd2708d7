// <copyright file="Orders.cs">Example</copyright>
using System;
using System.Collections.Generic;

namespace Example.Orders
{
    /// <summary>
    /// An order and its lines.
    /// </summary>
    /// <remarks>Never empty.</remarks>
    [Serializable]
    public class Order : IOrder, IDisposable
    {
        private const int MaxLines = 10;
        private readonly List<Line> lines = new();
        public static readonly Order Empty = new Order();

        public event EventHandler? Changed;

        public Order() : this(null) { }

        private Order(string? name) => Name = name;

        ~Order() { }

        /// <summary>Its name.</summary>
        public string? Name { get; set; }

        public int Count => lines.Count;

        public Line this[int index] => lines[index];

        [Obsolete("use AddAsync")]
        public async Task<bool> Add<T>(T line, CancellationToken token = default) where T : Line
        {
            int Local(int x) => x + 1;
            return await Task.FromResult(Local(1) > 0);
        }

        void IDisposable.Dispose() { }

        public static Order operator +(Order a, Order b) => a;

        public static implicit operator bool(Order order) => true;

        public enum State { Open, Closed }

        private struct Key
        {
            public int Id;
            public readonly override string ToString() => "key";
        }
    }

    public interface IOrder
    {
        int Count { get; }
        Task<bool> Add<T>(T line, CancellationToken token = default) where T : Line;
    }

    public record Line(string Sku, int Amount)
    {
        public decimal Price { get; init; }
    }

    public record struct Money(decimal Amount);

    public delegate void Notify(Order order);
}
