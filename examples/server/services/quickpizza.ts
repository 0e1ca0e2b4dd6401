/** quickpizza.GRPC: rates and recommends pizzas. The same question always has the same answer. */
import { status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { unary } from '../handlers.js'
import { StatusError } from '../status-error.js'

interface Recipe {
  ingredients: string[]
  dough: string
}

interface Pizza extends Recipe {
  name: string
  calories_per_slice: number
  vegetarian: boolean
}

interface RecommendationRequest {
  max_calories_per_slice: number
  must_be_vegetarian: boolean
  excluded_ingredients: string[]
}

const menu: readonly Pizza[] = [
  {
    name: 'Diavola',
    dough: 'Thin',
    ingredients: ['Tomato', 'Mozzarella', 'Salami', 'Chili'],
    calories_per_slice: 290,
    vegetarian: false,
  },
  {
    name: 'Margherita',
    dough: 'Thin',
    ingredients: ['Tomato', 'Mozzarella', 'Basil'],
    calories_per_slice: 230,
    vegetarian: true,
  },
  { name: 'Marinara', dough: 'Thick', ingredients: ['Tomato', 'Garlic'], calories_per_slice: 190, vegetarian: true },
]

const doughs = new Set(['thick', 'thin', 'stuffed'])
/** With more than this many, one tastes none of them. */
const ingredientsOfAGoodPizza = 5

function starsOf({ ingredients, dough }: Recipe): number {
  let stars = 5
  if (!doughs.has(dough.toLowerCase())) stars -= 2
  if (ingredients.length > ingredientsOfAGoodPizza) stars -= 1
  if (ingredients.some((ingredient) => ingredient.toLowerCase() === 'pineapple')) stars -= 1
  return stars
}

function recommend(request: RecommendationRequest): { pizza: Pizza; stars_rating: number } {
  const excluded = new Set(request.excluded_ingredients.map((ingredient) => ingredient.toLowerCase()))
  const pizza = menu.find(
    (candidate) =>
      (request.max_calories_per_slice <= 0 || candidate.calories_per_slice <= request.max_calories_per_slice) &&
      (candidate.vegetarian || !request.must_be_vegetarian) &&
      !candidate.ingredients.some((ingredient) => excluded.has(ingredient.toLowerCase())),
  )
  if (pizza === undefined) throw new StatusError(status.NOT_FOUND, 'no pizza of the menu keeps to these restrictions')
  return { pizza, stars_rating: starsOf(pizza) }
}

/** The methods of quickpizza.GRPC. */
export const quickpizzaService: UntypedServiceImplementation = {
  Status: unary(() => ({ ready: true })),

  RatePizza: unary((recipe: Recipe) => {
    if (recipe.ingredients.length === 0) throw new StatusError(status.INVALID_ARGUMENT, 'a pizza needs ingredients')
    return { stars_rating: starsOf(recipe) }
  }),

  RecommendPizza: unary(recommend),
}
