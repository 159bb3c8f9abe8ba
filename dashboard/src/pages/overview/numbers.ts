const whole = new Intl.NumberFormat('en');

/** "9,880". */
export const count = (value: number) => whole.format(value);
