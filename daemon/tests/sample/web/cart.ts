/** One line of a shopping cart. */
export interface CartLine {
  sku: string;
  quantity: number;
  unitPriceCents: number;
}

/** Sum of all lines in cents, before taxes and discounts. */
export function subtotalCents(lines: CartLine[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.unitPriceCents, 0);
}

/** Takes a percentage off, rounding in the customer's favour. */
export const applyDiscount = (cents: number, percent: number): number =>
  Math.floor((cents * (100 - percent)) / 100);
