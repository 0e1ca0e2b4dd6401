// A run that ends before there is anything to show.
export function setup() {
  throw new Error('the test data is not there: <b>not bold</b>')
}

export default function () {}
